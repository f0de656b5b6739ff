"""Who answers for a Mobius group whose members Mobius does not tell, as an administrator set it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Value
from django.db.models.functions import Coalesce, NullIf

from inbox.mirror import members
from inbox.models import GroupMapping, Interaction, Reviewer, Upstream
from inbox.models.reviewer import validate_one_line
from inbox.services.audit import decision_log
from inbox.services.audit.decision_log import Entry
from inbox.services.origin import current_actor

VERB = "group_mapped"


class NotMapped(Exception):
    """Nothing has changed: ``missing`` are names without an account, ``invalid`` is what the
    validators say of the group's id.
    """

    def __init__(self, *, missing: Sequence[str] = (), invalid: Sequence[str] = ()) -> None:
        super().__init__(missing, invalid)
        self.missing, self.invalid = missing, invalid


@dataclass(frozen=True)
class Mapping:
    """A group id and the people assigned to it; ``questions`` ask it and are open."""

    group_id: str
    people: tuple[Reviewer, ...]
    questions: int = 0


@transaction.atomic
def map_group(group_id: str, usernames: Iterable[str]) -> list[Reviewer]:
    """Assign these people, by their sign-in names, in place of those who were; who they are now.

    Raises ``NotMapped``.
    """
    try:
        GroupMapping._meta.get_field("group_id").clean(group_id, None)
        validate_one_line(group_id)
    except ValidationError as error:
        raise NotMapped(invalid=error.messages) from None
    wanted = list(dict.fromkeys(usernames))
    found = Reviewer.objects.filter(user__username__in=wanted).select_related("user")
    people = {reviewer.user.get_username(): reviewer for reviewer in found}
    missing = [name for name in wanted if name not in people]
    if missing:
        raise NotMapped(missing=missing)
    upstream = Upstream.hold_present()
    rows = GroupMapping.objects.filter(upstream=upstream, group_id=group_id)
    before = sorted(rows.values_list("reviewer__user__username", flat=True))
    if before != sorted(wanted):
        rows.exclude(reviewer__in=people.values()).delete()
        GroupMapping.objects.bulk_create(
            [
                GroupMapping(upstream=upstream, group_id=group_id, reviewer=people[name])
                for name in wanted
                if name not in before
            ]
        )
        _log(upstream, group_id, before, sorted(wanted))
        transaction.on_commit(members.follow(upstream).publish)
    return [people[name] for name in wanted]


def mappings(upstream: Upstream) -> list[Mapping]:
    """The groups that are mapped, and those that ought to be: open questions ask them, and nobody
    knows who their members are.
    """
    people: dict[str, list[Reviewer]] = {}
    rows = GroupMapping.objects.filter(upstream=upstream).select_related("reviewer__user")
    for row in rows.order_by("group_id", "reviewer__user__username"):
        people.setdefault(row.group_id, []).append(row.reviewer)
    waiting = _unknown(upstream)
    ids = sorted({*people, *waiting}, key=lambda id_: (id_ in people, id_))
    return [Mapping(id_, tuple(people.get(id_, ())), waiting.get(id_, 0)) for id_ in ids]


def _unknown(upstream: Upstream) -> dict[str, int]:
    """How many open questions ask each group that Mobius tells no members of."""
    told = (Interaction.FROM_SNAPSHOT, Interaction.FROM_GROUPS)
    asked = Interaction.objects.filter(
        upstream=upstream, status="pending", gone=False, target_type="group"
    ).exclude(members_from__in=told)
    named = asked.annotate(asks=Coalesce(NullIf("group_id", Value("")), "target_id"))
    rows = named.exclude(asks="").values("asks").annotate(questions=Count("pk"))
    return dict(rows.values_list("asks", "questions"))


def _log(upstream: Upstream, group_id: str, before: list[str], after: list[str]) -> None:
    actor = current_actor()
    decision_log.append(
        Entry(
            verb=VERB,
            upstream=upstream,
            actor=actor.mobius_id,
            account=actor.account,
            origin=actor.origin,
            credential_kind=actor.credential_kind,
            group_id=group_id,
            title=group_id,
            value={"group": group_id, "before": before, "after": after},
        )
    )
