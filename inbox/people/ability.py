"""Whether people can answer questions here, with what, or why not."""

from enum import StrEnum

from django.db.models import Case, Q, QuerySet, Value, When

from inbox.models import Reviewer, Upstream
from inbox.people import service_key


class Ability(StrEnum):
    """``MANAGES``: an administrator without a Mobius ID, who isn't asked questions."""

    TOKEN = "token"  # nosec B105 # noqa: S105 - a way to answer
    KEY = "key"
    REFUSED = "refused"
    NO_TOKEN = "no_token"  # nosec B105 # noqa: S105 - a reason
    NO_MOBIUS_ID = "no_mobius_id"
    MANAGES = "manages"
    DEACTIVATED = "deactivated"


ABLE = (Ability.TOKEN, Ability.KEY)
UNABLE = (Ability.REFUSED, Ability.NO_TOKEN, Ability.NO_MOBIUS_ID)


def with_ability(rows: QuerySet[Reviewer], upstream: Upstream) -> QuerySet[Reviewer]:
    """Each with its ``ability``."""
    no_id = Q(mobius_id=None) | Q(mobius_id="")
    has_token = Q(credential__upstream=upstream)
    whens = [
        When(user__is_active=False, then=Value(Ability.DEACTIVATED)),
        When(no_id & Q(user__is_superuser=True), then=Value(Ability.MANAGES)),
        When(no_id, then=Value(Ability.NO_MOBIUS_ID)),
        When(has_token & Q(credential__refused_at=None), then=Value(Ability.TOKEN)),
        When(has_token, then=Value(Ability.REFUSED)),
    ]
    if service_key.answers(upstream):
        whens.append(When(mobius_id_proven=False, then=Value(Ability.KEY)))
    return rows.annotate(ability=Case(*whens, default=Value(Ability.NO_TOKEN)))


def by_ability(upstream: Upstream) -> dict[Ability, list[Reviewer]]:
    found: dict[Ability, list[Reviewer]] = {ability: [] for ability in Ability}
    people = Reviewer.objects.select_related("user").order_by("user__username")
    for reviewer in with_ability(people, upstream):
        found[Ability(reviewer.ability)].append(reviewer)  # type: ignore[attr-defined]
    return found
