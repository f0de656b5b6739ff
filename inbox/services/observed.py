"""Answers that were not made here enter the decision log once, as observed.

The sync meets our own answers too, often before the answer to our POST has come back. So while an
attempt of the person at the question is open, nothing is entered: whoever settles the attempt knows
whose answer it is, and enters it. Both hold the upstream's row, so neither overtakes the other.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inbox.mirror.observers import Answer
from inbox.mirror.upsert import chunks
from inbox.models import Attempt, Interaction, Upstream
from inbox.services import decision_log
from inbox.services.decision_log import Entry

RESPOND = "respond"


def enter(upstream: Upstream, answers: Sequence[Answer]) -> None:
    """Enter those of ``answers`` that are nobody's attempt and are not entered yet.

    Inside the transaction that has projected them, which holds the upstream's row.
    """
    skip: set[tuple[str, str | None]] = set()
    for ids in chunks({answer.item.mobius_id for answer in answers}):
        skip |= decision_log.answers_of(upstream, ids)
        coming = Attempt.objects.filter(
            upstream=upstream, interaction_id__in=ids, state=Attempt.State.OPEN
        )
        skip |= set(coming.values_list("interaction_id", "reviewer__mobius_id"))
    new = {(answer.item.mobius_id, answer.user_id): answer for answer in answers}
    decision_log.append(
        *(_entry(upstream, answer) for key, answer in new.items() if key not in skip)
    )


def catch_up(upstream: Upstream, interaction_id: str, user_id: str | None) -> None:
    """The same for one person's answer, after an attempt at it has turned out to be none."""
    item = Interaction.objects.filter(upstream=upstream, mobius_id=interaction_id).first()
    answers = [] if item is None else Answer.all_of(item)
    enter(upstream, [answer for answer in answers if answer.user_id == user_id])


def _entry(upstream: Upstream, answer: Answer) -> Entry:
    item, told = answer.item, answer.told
    return Entry(
        verb=RESPOND,
        upstream=upstream,
        actor=answer.user_id,
        at=_at(told) or item.completed_at or item.updated_at,
        item=item,
        value=told.get("value"),
        comment=told.get("comment") or "",
        observed=True,
    )


def _at(told: dict[str, Any]) -> datetime | None:
    return datetime.fromisoformat(told["at"]) if told.get("at") else None
