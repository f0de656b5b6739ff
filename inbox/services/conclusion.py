"""What follows for an attempt from what Mobius said. Each function ends in committed rows."""

from dataclasses import dataclass

from inbox.access import Viewer
from inbox.mobius.errors import (
    Conflict,
    MobiusError,
    Nonsense,
    RateLimited,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.models import Attempt, Interaction
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means
from inbox.services import attempts, words
from inbox.services.attempts import Arrived, Reading, Settled
from inbox.services.outcome import Outcome
from inbox.services.seen import Seen
from inbox.services.truth import Standing, standing

UNCERTAIN = (Unavailable, Unreachable, Nonsense)
"""After these nobody knows whether the POST was taken."""


@dataclass(frozen=True)
class Sending:
    """An attempt that is written down, whose it is, and with what it goes out.

    ``unknown``: it went out before, and nobody knows whether it arrived. ``resent``: the same, and
    it goes out once more because the person asked for it.
    """

    attempt: Attempt
    viewer: Viewer
    item: Interaction
    means: Means | None = None
    unknown: bool = False
    resent: bool = False


def never_left(error: MobiusError) -> bool:
    """The POST surely changed nothing, and a reading could tell nothing new."""
    return isinstance(error, RateLimited) or (isinstance(error, Unreachable) and not error.sent)


def taken(sending: Sending, reading: Reading) -> Outcome | None:
    """The POST was answered with the item. None where the item does not show the answer."""
    settled = _settle(sending, reading, Arrived.YES)
    if settled.standing is not Standing.MINE:
        return None
    return words.answered(sending.viewer, settled.item)


def not_sent(sending: Sending, error: MobiusError) -> Outcome:
    """``never_left``."""
    limited = isinstance(error, RateLimited)
    _give_up(sending, "rate_limited" if limited else "not_sent")
    if limited:
        return words.rate_limited(sending.item, error.retry_after)
    return words.unreachable(sending.item, sent=sending.resent)


def failed(sending: Sending, error: MobiusError, reading: Reading | None) -> Outcome:
    """The POST was refused, or nobody knows. ``reading`` is the item after it, if it was read."""
    uncertain = isinstance(error, UNCERTAIN)
    if isinstance(error, Unauthorized) and _own(sending):
        credentials.mark_refused(sending.attempt.reviewer)
    arrived = Arrived.PERHAPS if uncertain or sending.resent else Arrived.NO
    settled = _settle(sending, reading, arrived)
    outcome = _truth(sending, settled)
    if outcome is None:
        outcome = _still_open(sending, settled.item, error, read=reading is not None)
    if not uncertain:
        _give_up(sending, error.code or type(error).__name__.lower())
    return outcome


def looked(unknown: Sending, reading: Reading | None) -> Outcome | None:
    """What became of an attempt that may have arrived; None where the item is surely open."""
    settled = _settle(unknown, reading, Arrived.PERHAPS)
    outcome = _truth(unknown, settled)
    if outcome is None and reading is None:
        return words.unreachable(settled.item, sent=True)
    return outcome


def why_not(
    viewer: Viewer, item: Interaction, reading: Reading | None, seen: Seen
) -> Outcome | None:
    """Why no answer of this person can be taken, as of ``reading`` or else of the mirror."""
    if reading is not None:
        attempts.mirror(reading).publish()
        item.refresh_from_db()
    outcome = refusal(viewer, item)
    if outcome is None and seen.another_question_than(item):
        return words.question_changed(item)
    return outcome


def over(viewer: Viewer, item: Interaction) -> Outcome | None:
    """``refusal`` for what stays so: a claim may be given back before the mirror hears of it."""
    if standing(viewer, item) is Standing.HELD:
        return None
    return refusal(viewer, item)


def refusal(viewer: Viewer, item: Interaction) -> Outcome | None:
    """The words for where the person stands; None where the question is open to them."""
    match standing(viewer, item):
        case Standing.MINE:
            return words.already_mine(viewer, item)
        case Standing.CLOSED:
            return words.closed(viewer, item)
        case Standing.HELD:
            return words.held(item)
        case _:
            return None


def _settle(sending: Sending, reading: Reading | None, arrived: Arrived) -> Settled:
    settled = attempts.settle(sending.attempt, sending.viewer, reading, arrived=arrived)
    settled.changes.publish()
    return settled


def _truth(sending: Sending, settled: Settled) -> Outcome | None:
    if settled.ours:
        return words.answered(sending.viewer, settled.item)
    return refusal(sending.viewer, settled.item)


def _still_open(sending: Sending, item: Interaction, error: MobiusError, *, read: bool) -> Outcome:
    if isinstance(error, Unauthorized):
        return words.token_refused(item, own=_own(sending))
    if isinstance(error, UNCERTAIN) and not read:
        return words.unreachable(item, sent=True)
    if isinstance(error, (*UNCERTAIN, Conflict)):
        return words.still_open(item)
    return words.not_accepted(item, error.message)


def _own(sending: Sending) -> bool:
    return sending.means is not None and sending.means.kind == "member"


def _give_up(sending: Sending, outcome: str) -> None:
    """The attempt is no answer, unless it went out before and may still be one."""
    if not sending.resent:
        attempts.refuse(sending.attempt, outcome)
