"""Who is asked: kept in step with each interaction."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from inbox.mirror.build_row import build_row
from inbox.mirror.rows import CLOSED
from inbox.mirror.upsert import upsert
from inbox.models import Interaction, Recipient

_COMPARED = (
    "via_group",
    "open",
    "holds",
    "waits",
    "due_at",
    "answered_at",
    "closed_at",
    "value",
    "comment",
)


def keep(
    new: Sequence[Interaction], changed: Sequence[Interaction], at: datetime
) -> dict[str, set[str]]:
    """Write the recipients of saved interactions; ``at`` closes what is gone.

    ``new`` are known to have no recipients yet. Returns all who are or were asked: by user id, the
    ids of these interactions.
    """
    ids = {row.pk: row.mobius_id for row in (*new, *changed)}
    people: dict[str, set[str]] = {}
    wanted = {row.pk: _recipients(row, at) for row in changed}
    stale: list[int] = []
    writes = [recipient for row in new for recipient in _recipients(row, at).values()]
    for had in Recipient.objects.filter(interaction__in=list(wanted)) if wanted else ():
        people.setdefault(had.user_id, set()).add(ids[had.interaction_id])
        now = wanted[had.interaction_id].get(had.user_id)
        if now is None:
            stale.append(had.pk)
            continue
        if had.closed_at is not None and now.closed_at == at:
            now.closed_at = had.closed_at  # it was seen to be gone earlier
        if all(getattr(had, name) == getattr(now, name) for name in _COMPARED):
            del wanted[had.interaction_id][had.user_id]
    for asked in wanted.values():
        writes += asked.values()
    for recipient in writes:
        people.setdefault(recipient.user_id, set()).add(ids[recipient.interaction_id])
    upsert(writes, ("interaction_id", "user_id"))
    if stale:
        Recipient.objects.filter(pk__in=stale).delete()
    return people


def people_of(rows: Collection[Interaction]) -> dict[str, set[str]]:
    """All whom saved interactions ask: by user id, the ids of these interactions."""
    people: dict[str, set[str]] = {}
    asked = Recipient.objects.filter(interaction__in=[row.pk for row in rows])
    found = asked.values_list("user_id", "interaction__mobius_id") if rows else ()
    for user_id, interaction_id in found:
        people.setdefault(user_id, set()).add(interaction_id)
    return people


def _recipients(row: Interaction, at: datetime) -> dict[str, Recipient]:
    answers = {answer["user_id"]: answer for answer in row.responses}
    asked: dict[str, Recipient] = {}
    for user_id in _asked(row):
        answer = answers.get(user_id)
        answered_at = None if answer is None else _answered_at(row, answer.get("at"))
        asked[user_id] = build_row(
            Recipient,
            interaction_id=row.pk,
            upstream_id=row.upstream_id,
            user_id=user_id,
            via_group=row.target_type != "user",
            open=row.pending and answer is None,
            holds=row.pending and answer is None and _holds(row, user_id),
            waits=row.pending and answer is not None,
            due_at=row.due_at,
            answered_at=answered_at,
            closed_at=answered_at or _closed_at(row, at),
            value=None if answer is None else answer["value"],
            comment=None if answer is None else answer["comment"],
        )
    return asked


def _holds(row: Interaction, user_id: str) -> bool:
    """A claim counts where one answer is enough."""
    return row.claimed_by == user_id and row.takes_one_answer


def _asked(row: Interaction) -> Iterable[str]:
    if row.target_type == "user":
        return (row.target_id,)
    return row.members or ()


def _answered_at(row: Interaction, told: str | None) -> datetime:
    if told is not None:
        return datetime.fromisoformat(told)
    return row.completed_at or row.updated_at


def _closed_at(row: Interaction, at: datetime) -> datetime | None:
    if row.status in CLOSED:
        return row.completed_at or row.updated_at
    return None if row.pending else at
