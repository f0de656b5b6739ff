"""People an administrator assigns to a group whose members Mobius doesn't list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Value
from django.db.models.functions import Coalesce, NullIf

from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by_actor
from inbox.mirror import members
from inbox.models import GroupMapping, Interaction, Reviewer, Upstream
from inbox.models.reviewer import validate_one_line

VERB = "group_mapped"


class NotMapped(Exception):
    """``missing`` are usernames without an account, ``invalid`` validation errors of the id."""

    def __init__(self, *, missing: Sequence[str] = (), invalid: Sequence[str] = ()) -> None:
        super().__init__(missing, invalid)
        self.missing, self.invalid = missing, invalid


@dataclass(frozen=True)
class Mapping:
    """``questions`` counts its open questions."""

    group_id: str
    people: tuple[Reviewer, ...]
    questions: int = 0


@transaction.atomic
def map_group(group_id: str, usernames: Iterable[str]) -> list[Reviewer]:
    """Replace the people assigned to the group. Raises ``NotMapped``."""
    try:
        GroupMapping._meta.get_field("group_id").clean(group_id, None)
        validate_one_line(group_id)
    except ValidationError as error:
        raise NotMapped(invalid=error.messages) from None
    names = list(dict.fromkeys(usernames))
    reviewers = Reviewer.objects.filter(user__username__in=names).select_related("user")
    people = {reviewer.user.get_username(): reviewer for reviewer in reviewers}
    missing = [name for name in names if name not in people]
    if missing:
        raise NotMapped(missing=missing)
    upstream = Upstream.lock_current()
    rows = GroupMapping.objects.filter(upstream=upstream, group_id=group_id)
    before = sorted(rows.values_list("reviewer__user__username", flat=True))
    if before != sorted(names):
        rows.exclude(reviewer__in=people.values()).delete()
        GroupMapping.objects.bulk_create(
            [
                GroupMapping(upstream=upstream, group_id=group_id, reviewer=people[name])
                for name in names
                if name not in before
            ]
        )
        _log(upstream, group_id, before, sorted(names))
        transaction.on_commit(members.refresh(upstream).publish)
    return [people[name] for name in names]


def mappings(upstream: Upstream) -> list[Mapping]:
    """Also groups of open questions without known members, which need a mapping."""
    people: dict[str, list[Reviewer]] = {}
    rows = GroupMapping.objects.filter(upstream=upstream).select_related("reviewer__user")
    for row in rows.order_by("group_id", "reviewer__user__username"):
        people.setdefault(row.group_id, []).append(row.reviewer)
    waiting = _unknown(upstream)
    ids = sorted({*people, *waiting}, key=lambda id_: (id_ in people, id_))
    return [Mapping(id_, tuple(people.get(id_, ())), waiting.get(id_, 0)) for id_ in ids]


def _unknown(upstream: Upstream) -> dict[str, int]:
    known_sources = (Interaction.FROM_SNAPSHOT, Interaction.FROM_GROUPS)
    items = Interaction.objects.pending().filter(upstream=upstream, target_type="group")
    items = items.exclude(members_from__in=known_sources)
    with_group = items.annotate(group=Coalesce(NullIf("group_id", Value("")), "target_id"))
    rows = with_group.exclude(group="").values("group").annotate(questions=Count("pk"))
    return dict(rows.values_list("group", "questions"))


def _log(upstream: Upstream, group_id: str, before: list[str], after: list[str]) -> None:
    decision_log.append(
        entry_by_actor(
            verb=VERB,
            upstream=upstream,
            group_id=group_id,
            title=group_id,
            value={"group": group_id, "before": before, "after": after},
        )
    )
