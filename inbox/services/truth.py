"""What is true about one question and one person, as the mirror has it after a reading."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from inbox import access
from inbox.access import Viewer
from inbox.models import Attempt, Interaction
from inbox.models.attempt import same
from inbox.models.interaction import answered_at


class AnswerState(StrEnum):
    """What is true for one person of a question."""

    MINE = "mine"
    CLOSED = "closed"
    HELD = "held"
    OPEN = "open"


@dataclass(frozen=True)
class Mine:
    """The person's own answer, as Mobius has it."""

    value: Any
    comment: str
    at: datetime | None

    def says(self, value: Any, comment: str) -> bool:
        """It has the same value and comment."""
        return same(self.value, value) and self.comment == comment

    def is_of(self, attempt: Attempt) -> bool:
        """It is what ``attempt`` sent."""
        return attempt.made(self.value, self.comment, self.at)


def answer_state(viewer: Viewer, item: Interaction) -> AnswerState:
    """Own answer first, then closed, then held by another, else open."""
    if access.answered(viewer, item):
        return AnswerState.MINE
    if not item.pending:
        return AnswerState.CLOSED
    if access.held_by_another(viewer, item):
        return AnswerState.HELD
    return AnswerState.OPEN


def mine(viewer: Viewer, item: Interaction) -> Mine:
    """The person's answer. Raises LookupError where there is none."""
    for response in item.responses:
        if response.get("user_id") == viewer.mobius_id:
            at = answered_at(response) or (item.completed_at if not item.pending else None)
            return Mine(response.get("value"), response.get("comment") or "", at)
    raise LookupError("not answered by this person")
