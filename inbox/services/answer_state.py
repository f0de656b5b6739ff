"""What is true about one question and one person, as the mirror has it.

While Mobius has accepted an answer and does not show it yet, the person cannot answer again, and
where one answer is enough, nobody can.
"""

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


@dataclass(frozen=True)
class Underway:
    """An answer that keeps the viewer from answering now. ``mine``: it is the viewer's own, else
    it is that of the person called ``name``. ``accepted_at`` is None while it is being sent.
    """

    mine: bool
    name: str
    accepted_at: datetime | None


@dataclass(frozen=True)
class Sent:
    """What was sent to an open question and is not in. ``unconfirmed_at`` is when Mobius accepted
    the viewer's answer, where it has not shown it for so long that it can be sent again.
    ``received`` are the Mobius IDs of those whose answers Mobius has accepted and does not show
    yet, where several people answer.
    """

    underway: Underway | None = None
    unconfirmed_at: datetime | None = None
    received: frozenset[str] = frozenset()


def sent_to(user_id: int, item: Interaction) -> Sent:
    """What was sent to the question, as far as it concerns this account. One query."""
    rows = Attempt.objects.filter(
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        state__in=Attempt.UNSETTLED,
    )
    attempts = list(rows.select_related("reviewer__user").order_by("pk")) if item.pending else []
    mine = [attempt for attempt in attempts if attempt.reviewer.user_id == user_id]
    accepted = [one for one in attempts if one.state == Attempt.State.ACCEPTED]
    ids = {one.reviewer.mobius_id for one in accepted} if item.shared else set()
    received = frozenset(id_ for id_ in item.missing if id_ in ids)
    own = next((one for one in accepted if one in mine), None)
    if own is not None:
        return Sent(_underway(own, mine=True), received=received)
    left = [one.accepted_at for one in mine if one.state == Attempt.State.UNCONFIRMED]
    others = [one for one in attempts if one not in mine] if item.takes_one_answer else []
    blocking = next((attempt for attempt in others if _blocks(attempt)), None)
    underway = None if blocking is None else _underway(blocking, mine=False)
    return Sent(underway, next(reversed(left), None), received)


def _blocks(attempt: Attempt) -> bool:
    by_key = attempt.state == Attempt.State.OPEN and attempt.credential_kind == "service"
    return by_key or attempt.state == Attempt.State.ACCEPTED


def _underway(attempt: Attempt, *, mine: bool) -> Underway:
    accepted = attempt.state == Attempt.State.ACCEPTED
    at = (attempt.accepted_at or attempt.created_at) if accepted else None
    return Underway(mine, attempt.reviewer.name, at)
