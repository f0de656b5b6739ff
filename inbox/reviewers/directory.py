"""Finding people by what somebody calls them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, Value
from django.db.models.functions import Concat

from inbox.models import Credential, Reviewer, Upstream


@dataclass(frozen=True)
class Standing:
    """Whether a person can answer here: what is missing, or both true."""

    account: bool
    token: bool


def ids_called(words: str) -> list[str]:
    """The Mobius ids that ``words`` may mean: an id of an account, else everybody of that name.

    Empty where no account is called so; then it may still be an id that Mobius knows.
    """
    known = Reviewer.objects.exclude(mobius_id=None).exclude(mobius_id="")
    if known.filter(mobius_id=words).exists():
        return [words]
    full = Concat("user__first_name", Value(" "), "user__last_name")
    called = known.annotate(full=full).filter(
        Q(user__username__iexact=words) | Q(user__first_name__iexact=words) | Q(full__iexact=words)
    )
    return [id_ for id_ in called.order_by("mobius_id").values_list("mobius_id", flat=True) if id_]


def standings(user_ids: Iterable[str]) -> dict[str, Standing]:
    """How each id stands here. An account that is switched off is none. Two queries."""
    wanted = set(user_ids)
    accounts = Reviewer.objects.filter(mobius_id__in=wanted, user__is_active=True)
    ids = {pk: id_ for pk, id_ in accounts.values_list("pk", "mobius_id") if id_}
    kept = Credential.objects.filter(reviewer__in=ids, upstream=Upstream.present())
    tokens = {ids[pk] for pk in kept.filter(refused_at=None).values_list("reviewer_id", flat=True)}
    have = set(ids.values())
    return {id_: Standing(id_ in have, id_ in tokens) for id_ in wanted}


def known_people(*, most: int = 200) -> list[tuple[str, str]]:
    """Id and name of the accounts that Mobius knows, for a list to choose from."""
    rows = Reviewer.objects.filter(mobius_id__isnull=False, user__is_active=True)
    found = rows.exclude(mobius_id="").select_related("user").order_by("user__username")
    return [(row.mobius_id, row.name) for row in found[:most] if row.mobius_id]
