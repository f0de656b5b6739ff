"""What follows for an attempt from what Mobius said. Each function ends in committed rows."""

from dataclasses import dataclass

from inbox.access import Viewer
from inbox.mobius.errors import (
    Conflict,
    Denied,
    MobiusError,
    Nonsense,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.models import Attempt, Interaction
from inbox.reviewers import credentials, service_key
from inbox.reviewers.clients import Means
from inbox.services import accepted, attempts, words
from inbox.services.attempts import Reading, Settled
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
    """The request was not sent, so it changed nothing and there is nothing to read."""
    return isinstance(error, Unreachable) and not error.sent


def taken(sending: Sending, reading: Reading | None) -> Outcome:
    """Upstream took the POST. ``reading`` is the item that it answered with, if it did."""
    return _after_acceptance(sending, _settle(sending, reading, accepted=True))


def still_accepted(sending: Sending, reading: Reading | None = None) -> Outcome:
    """The same operation comes again while its answer is accepted and not shown."""
    return _after_acceptance(sending, _settle(sending, reading))


def _after_acceptance(sending: Sending, settled: Settled) -> Outcome:
    match settled.standing:
        case Standing.MINE:
            return words.answered(sending.viewer, settled.item)
        case Standing.CLOSED:
            return words.closed(sending.viewer, settled.item)
        case _:
            return words.received(settled.item)


def confirmed(sending: Sending, reading: Reading | None, *, overdue: bool) -> bool:
    """An accepted answer was looked for: whether nothing more is to be found out.

    Without a reading, what the mirror has counts. ``overdue``: where the answer still does not
    show, it is left as unconfirmed.
    """
    settled = _settle(sending, reading)
    if settled.standing in (Standing.MINE, Standing.CLOSED):
        return True
    if overdue:
        attempts.leave_unconfirmed(sending.attempt)
    return overdue


def not_sent(sending: Sending) -> Outcome:
    """``never_left``."""
    _give_up(sending, Attempt.NOT_SENT)
    return words.unreachable(sending.item, sent=sending.resent)


def failed(sending: Sending, error: MobiusError, reading: Reading | None) -> Outcome:
    """The POST failed. ``reading`` is the item after it, if it was read.

    A failure proves nothing by itself, for a proxy may have answered in Mobius's place: the
    question tells whether the answer is in. Until it was read the attempt stays open.
    """
    if isinstance(error, Unauthorized) and _own(sending):
        credentials.mark_refused(sending.attempt.reviewer)
    attempts.note_status(sending.attempt, error.status)
    settled = _settle(sending, reading)
    outcome = _truth(sending, settled)
    if _key_refused(sending, error) and not settled.ours:
        service_key.refused(settled.item)
    if outcome is None:
        outcome = _still_open(sending, settled.item, error, read=reading is not None)
    if not isinstance(error, UNCERTAIN) and (reading is not None or _judged(error)):
        _give_up(sending, error.code or type(error).__name__.lower())
    return outcome


def looked(unknown: Sending, reading: Reading | None) -> Outcome | None:
    """What became of an attempt that may have arrived; None where the item is surely open."""
    settled = _settle(unknown, reading)
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
            underway = accepted.sent_to(viewer.user_id, item).underway
            return None if underway is None else words.processing(item, underway)


def _settle(sending: Sending, reading: Reading | None, *, accepted: bool = False) -> Settled:
    settled = attempts.settle(sending.attempt, sending.viewer, reading, accepted=accepted)
    settled.changes.publish()
    return settled


def _truth(sending: Sending, settled: Settled) -> Outcome | None:
    if settled.ours:
        return words.answered(sending.viewer, settled.item)
    return refusal(sending.viewer, settled.item)


def _still_open(sending: Sending, item: Interaction, error: MobiusError, *, read: bool) -> Outcome:
    if isinstance(error, RateLimited):
        return words.rate_limited(item, error.retry_after, read=read)
    if _key_refused(sending, error):
        return words.key_refused(item)
    if isinstance(error, Unauthorized) and read:
        return words.token_refused(item)
    if not read and not _judged(error):
        return words.unreachable(item, sent=True)
    if isinstance(error, (*UNCERTAIN, Conflict)):
        return words.still_open(item)
    return words.not_accepted(item, error.message)


def _judged(error: MobiusError) -> bool:
    """Mobius itself has found the answer wrong, in the API's own words."""
    return isinstance(error, Rejected) and bool(error.code)


def _key_refused(sending: Sending, error: MobiusError) -> bool:
    return isinstance(error, Unauthorized | Denied) and not _own(sending)


def _own(sending: Sending) -> bool:
    return sending.means is not None and sending.means.kind == "member"


def _give_up(sending: Sending, outcome: str) -> None:
    """The attempt is no answer, unless it went out before and may still be one."""
    if not sending.resent:
        attempts.refuse(sending.attempt, outcome)
