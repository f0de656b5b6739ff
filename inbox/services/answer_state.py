"""The state of a question for one person, as the mirror has it.

While Mobius has accepted an answer and does not show it yet, the person cannot answer again. Where
one answer is enough, nobody can.
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
    MINE = "mine"
    CLOSED = "closed"
    HELD = "held"
    OPEN = "open"


@dataclass(frozen=True)
class OwnAnswer:
    """The person's own answer, as Mobius has it."""

    value: Any
    comment: str
    at: datetime | None

    def matches(self, value: Any, comment: str) -> bool:
        """Whether it has this value and comment."""
        return same(self.value, value) and self.comment == comment

    def was_sent_by(self, attempt: Attempt) -> bool:
        """Whether ``attempt`` sent it."""
        return attempt.matches(self.value, self.comment, self.at)


def answer_state(viewer: Viewer, item: Interaction) -> AnswerState:
    """The first that applies: the person's answer, closed, claimed by another, open."""
    if access.has_answered(viewer, item):
        return AnswerState.MINE
    if not item.pending:
        return AnswerState.CLOSED
    if access.claimed_by_another(viewer, item):
        return AnswerState.HELD
    return AnswerState.OPEN


def own_answer(viewer: Viewer, item: Interaction) -> OwnAnswer:
    """The person's answer. Raises LookupError if there is none."""
    for response in item.responses:
        if response.get("user_id") == viewer.mobius_id:
            at = answered_at(response) or (item.completed_at if not item.pending else None)
            return OwnAnswer(response.get("value"), response.get("comment") or "", at)
    raise LookupError("not answered by this person")


@dataclass(frozen=True)
class Underway:
    """An answer that keeps the viewer from answering now.

    ``mine``: it is the viewer's; otherwise it is from the person called ``name``. ``accepted_at``
    is None while it is being sent.
    """

    mine: bool
    name: str
    accepted_at: datetime | None


@dataclass(frozen=True)
class Sent:
    """Answers that were sent to an open question and that Mobius does not show yet.

    Attributes:
        underway: the answer that keeps the viewer from answering.
        unconfirmed_at: when Mobius accepted the viewer's answer, if it has not shown it for so long
            that it can be sent again.
        received: Mobius IDs of people whose answers are accepted, where several people answer.
    """

    underway: Underway | None = None
    unconfirmed_at: datetime | None = None
    received: frozenset[str] = frozenset()


def sent_to(user_id: int, item: Interaction) -> Sent:
    """Answers sent to the question, as seen by this account. One query."""
    rows = Attempt.objects.filter(
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        state__in=Attempt.UNSETTLED,
    )
    attempts = list(rows.select_related("reviewer__user").order_by("pk")) if item.pending else []
    own = [attempt for attempt in attempts if attempt.reviewer.user_id == user_id]
    accepted = [attempt for attempt in attempts if attempt.state == Attempt.State.ACCEPTED]
    ids = {attempt.reviewer.mobius_id for attempt in accepted} if item.shared else set()
    received = frozenset(id_ for id_ in item.missing if id_ in ids)
    own_attempt = next((attempt for attempt in accepted if attempt in own), None)
    if own_attempt is not None:
        return Sent(_underway(own_attempt, mine=True), received=received)
    unconfirmed_at = [
        attempt.accepted_at for attempt in own if attempt.state == Attempt.State.UNCONFIRMED
    ]
    others = [attempt for attempt in attempts if attempt not in own and _blocks(attempt)]
    blocking = next(iter(others), None) if item.takes_one_answer else None
    underway = None if blocking is None else _underway(blocking, mine=False)
    return Sent(underway, next(reversed(unconfirmed_at), None), received)


def _blocks(attempt: Attempt) -> bool:
    by_key = attempt.state == Attempt.State.OPEN and attempt.credential_kind == "service"
    return by_key or attempt.state == Attempt.State.ACCEPTED


def _underway(attempt: Attempt, *, mine: bool) -> Underway:
    accepted = attempt.state == Attempt.State.ACCEPTED
    at = (attempt.accepted_at or attempt.created_at) if accepted else None
    return Underway(mine, attempt.reviewer.name, at)
