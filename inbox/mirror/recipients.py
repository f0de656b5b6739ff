"""Keeping the recipients of interactions up to date."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from inbox.lib.instants import read_instant
from inbox.mirror.rows import CLOSED
from inbox.mirror.upsert import build_row, upsert
from inbox.models import Interaction, Recipient
from inbox.models.answers import value_of

_COMPARED = (
    "checks",
    "via_group",
    "group_id",
    "open",
    "claimed",
    "waits_for_others",
    "due_at",
    "answered_at",
    "closed_at",
    "created_at",
    "type",
    "run_id",
    "workflow",
    "asked_by",
    "value",
    "comment",
)

Questions = dict[str, set[str]]
"""By user id, ids of the interactions that ask the person."""


def write(
    new: Sequence[Interaction], changed: Sequence[Interaction], at: datetime
) -> tuple[Questions, Questions]:
    """Write the recipients of saved interactions; what people have seen stays.

    ``at`` is the closing time of deleted ones. Returns all who are or were asked: those whose row
    was written or deleted, and those whose row is as it was.
    """
    ids = {row.pk: row.mobius_id for row in (*new, *changed)}
    affected: Questions = defaultdict(set)
    unaffected: Questions = defaultdict(set)
    expected = {row.pk: _recipients(row, at) for row in changed}
    obsolete: list[int] = []
    writes = [recipient for row in new for recipient in _recipients(row, at).values()]
    for stored in Recipient.objects.filter(interaction__in=list(expected)):
        recipient = expected[stored.interaction_id].get(stored.user_id)
        if recipient is None:
            obsolete.append(stored.pk)
            affected[stored.user_id].add(ids[stored.interaction_id])
            continue
        if stored.closed_at is not None and recipient.closed_at == at:
            recipient.closed_at = stored.closed_at  # it was found to be deleted earlier
        if all(getattr(stored, name) == getattr(recipient, name) for name in _COMPARED):
            del expected[stored.interaction_id][stored.user_id]
            unaffected[stored.user_id].add(ids[stored.interaction_id])
    for recipients in expected.values():
        writes += recipients.values()
    for recipient in writes:
        affected[recipient.user_id].add(ids[recipient.interaction_id])
    upsert(writes, ("interaction_id", "user_id"), keep=("seen",))
    if obsolete:
        Recipient.objects.filter(pk__in=obsolete).delete()
    return affected, unaffected


def people_of(rows: Collection[Interaction]) -> Questions:
    people: Questions = defaultdict(set)
    asks = Recipient.objects.filter(interaction__in=[row.pk for row in rows])
    for user_id, interaction_id in asks.values_list("user_id", "interaction__mobius_id"):
        people[user_id].add(interaction_id)
    return people


def _recipients(row: Interaction, at: datetime) -> dict[str, Recipient]:
    answers = {answer["user_id"]: answer for answer in row.current_responses}
    recipients: dict[str, Recipient] = {}
    for user_id in row.people_asked:
        answer = answers.get(user_id)
        via_group = row.target_type != "user" and not row.asks_named_people
        answered_at = None if answer is None else row.time_of(answer)
        recipients[user_id] = _recipient(
            row,
            user_id,
            via_group=via_group,
            group_id=row.group_id if via_group else None,
            open=row.pending and answer is None,
            claimed=row.pending and answer is None and _has_claimed(row, user_id),
            waits_for_others=row.is_open and answer is not None,
            answered_at=answered_at,
            closed_at=answered_at or _closed_at(row, at),
            value=None if answer is None else value_of(answer["answers"]),
            comment=None if answer is None else answer["comment"],
        )
    for user_id in row.checkers:
        recipients[user_id] = _checker(row, user_id, at)
    return recipients


def _checker(row: Interaction, user_id: str, at: datetime) -> Recipient:
    own = [check for check in row.checks if check["actor_id"] == user_id]
    check = own[-1] if own and not row.in_review else None
    checked_at = None if check is None else read_instant(check["at"] or "") or row.updated_at
    return _recipient(
        row,
        user_id,
        checks=True,
        open=row.in_review,
        waits_for_others=row.pending and check is not None,
        answered_at=checked_at,
        closed_at=checked_at or _closed_at(row, at),
        value=None if check is None else check["action"],
        comment=None if check is None else check["comment"],
    )


def _recipient(row: Interaction, user_id: str, **fields: Any) -> Recipient:
    usual: dict[str, Any] = {
        "interaction_id": row.pk,
        "upstream_id": row.upstream_id,
        "user_id": user_id,
        "checks": False,
        "via_group": False,
        "group_id": None,
        "claimed": False,
        "due_at": row.due_at,
        "created_at": row.created_at,
        "type": row.type,
        "run_id": row.run_id,
        "workflow": row.workflow,
        "asked_by": row.asked_by,
    }
    return build_row(Recipient, **(usual | fields))


def _has_claimed(row: Interaction, user_id: str) -> bool:
    """A claim counts only where one answer is enough."""
    return row.claimed_by == user_id and row.takes_one_answer


def _closed_at(row: Interaction, at: datetime) -> datetime | None:
    if row.status in CLOSED:
        return row.completed_at or row.updated_at
    return None if row.is_open else at
