"""Answers that Mobius has accepted and does not show yet, and answers that are being sent.

Meanwhile the person cannot answer the question again, and where one answer is enough, nobody can.
"""

from dataclasses import dataclass
from datetime import datetime

from inbox.models import Attempt, Interaction


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
    """

    underway: Underway | None = None
    unconfirmed_at: datetime | None = None


def sent_to(user_id: int, item: Interaction) -> Sent:
    """What was sent to the question, as far as it concerns this account. One query."""
    rows = Attempt.objects.filter(
        upstream_id=item.upstream_id,
        interaction_id=item.mobius_id,
        state__in=Attempt.UNSETTLED,
    )
    attempts = list(rows.select_related("reviewer__user").order_by("pk")) if item.pending else []
    mine = [attempt for attempt in attempts if attempt.reviewer.user_id == user_id]
    accepted = next((one for one in mine if one.state == Attempt.State.ACCEPTED), None)
    if accepted is not None:
        return Sent(_underway(accepted, mine=True))
    left = [one.accepted_at for one in mine if one.state == Attempt.State.UNCONFIRMED]
    others = [one for one in attempts if one not in mine] if item.takes_one_answer else []
    blocking = next((attempt for attempt in others if _blocks(attempt)), None)
    underway = None if blocking is None else _underway(blocking, mine=False)
    return Sent(underway, next(reversed(left), None))


def _blocks(attempt: Attempt) -> bool:
    by_key = attempt.state == Attempt.State.OPEN and attempt.credential_kind == "service"
    return by_key or attempt.state == Attempt.State.ACCEPTED


def _underway(attempt: Attempt, *, mine: bool) -> Underway:
    accepted = attempt.state == Attempt.State.ACCEPTED
    at = (attempt.accepted_at or attempt.created_at) if accepted else None
    return Underway(mine, attempt.reviewer.name, at)
