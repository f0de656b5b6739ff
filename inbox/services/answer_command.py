"""Sending a stored attempt to answer, and why a question can't be answered."""

from dataclasses import dataclass

from inbox.access import Viewer
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import (
    Conflict,
    Denied,
    MobiusError,
    RateLimited,
    Rejected,
    Unauthorized,
)
from inbox.models import Attempt, Interaction
from inbox.people import credentials, service_key
from inbox.people.clients import RequestCredential
from inbox.services import attempts
from inbox.services.answer_state import AnswerState, answer_state, sent_to
from inbox.services.attempts import Settled
from inbox.services.command import READ_WITHIN, Command, is_uncertain
from inbox.services.look_up import apply_snapshot, look_up
from inbox.services.outcome import Kind, Outcome, facts_of
from inbox.services.seen import Seen


@dataclass(frozen=True)
class AnswerCommand(Command[Interaction]):
    """An attempt, its viewer and the credential to send it with. Each step commits its rows.

    ``unknown``: it was sent before, and may or may not have arrived. ``resent``: likewise, and the
    person has asked to send it again.
    """

    attempt: Attempt
    viewer: Viewer
    item: Interaction
    credential: RequestCredential | None = None
    unknown: bool = False
    resent: bool = False

    async def send(self) -> Payload | None:
        """Returns the question as Mobius sent it, None if it sent none."""
        if self.credential is None:
            raise ValueError("the attempt has no credential")
        attempt = self.attempt
        return await self.credential.client().respond(
            attempt.interaction_id, value=attempt.value, comment=attempt.comment or None
        )

    async def read(self, *, within: float = READ_WITHIN) -> Payload:
        return await look_up(self.attempt.interaction_id, within=within)

    def on_accepted(self, response: Payload | None) -> Outcome[Interaction]:
        return self._after_acceptance(self._settle(response, accepted=True))

    def on_repeated(self, snapshot: Payload | None = None) -> Outcome[Interaction]:
        """The same operation was submitted again; its answer is accepted but doesn't show yet."""
        return self._after_acceptance(self._settle(snapshot))

    def on_not_sent(self, error: MobiusError) -> Outcome[Interaction]:
        self._give_up(Attempt.NOT_SENT)
        return Outcome(Kind.UNCONFIRMED if self.resent else Kind.UNREACHABLE, self.item)

    def on_error(self, error: MobiusError, snapshot: Payload | None) -> Outcome[Interaction]:
        """A failure proves nothing by itself, since a proxy may have responded in Mobius' place.
        The question shows whether the answer arrived; until it was read the attempt stays open.
        """
        if isinstance(error, Unauthorized) and self._by_member:
            credentials.mark_refused(self.attempt.reviewer)
        attempts.record_status(self.attempt, error.status)
        settled = self._settle(snapshot)
        read = snapshot is not None
        key_refused = isinstance(error, Unauthorized | Denied) and not self._by_member
        if key_refused and not settled.ours:
            service_key.record_refused(settled.item)
        outcome = self._conclusive_outcome(settled)
        # An error code shows that Mobius itself rejected the answer.
        judged = isinstance(error, Rejected) and bool(error.code)
        if outcome is None:
            outcome = _unchanged(
                settled.item, error, key_refused=key_refused, read=read, judged=judged
            )
        if not is_uncertain(error) and (read or judged):
            self._give_up(error.code or type(error).__name__.lower())
        return outcome

    def on_recheck(self, snapshot: Payload | None) -> Outcome[Interaction]:
        """Outcome of an attempt that may have arrived; ``NOT_RECORDED`` if the question is open."""
        settled = self._settle(snapshot)
        kind = Kind.UNCONFIRMED if snapshot is None else Kind.NOT_RECORDED
        return self._conclusive_outcome(settled) or Outcome(kind, settled.item)

    def is_confirmed(self, snapshot: Payload | None, *, overdue: bool) -> bool:
        """Whether an accepted answer needs no further reads.

        Without a snapshot, the mirror decides. ``overdue``: an answer that still does not show is
        left as unconfirmed.
        """
        settled = self._settle(snapshot)
        if settled.state in (AnswerState.ANSWERED, AnswerState.CLOSED):
            return True
        if overdue:
            attempts.leave_unconfirmed(self.attempt)
        return overdue

    @property
    def _by_member(self) -> bool:
        return self.credential is not None and self.credential.kind == "member"

    def _settle(self, snapshot: Payload | None, *, accepted: bool = False) -> Settled:
        settled = attempts.settle(self.attempt, self.viewer, snapshot, accepted=accepted)
        settled.changes.publish()
        return settled

    def _after_acceptance(self, settled: Settled) -> Outcome[Interaction]:
        match settled.state:
            case AnswerState.ANSWERED:
                return answered(settled.item)
            case AnswerState.CLOSED:
                return Outcome(Kind.CLOSED, settled.item)
            case _:
                return Outcome(Kind.RECEIVED, settled.item)

    def _conclusive_outcome(self, settled: Settled) -> Outcome[Interaction] | None:
        if settled.ours:
            return answered(settled.item)
        return refusal(self.viewer, settled.item, ignoring=self.attempt)

    def _give_up(self, outcome: str) -> None:
        """Refuse the attempt, unless it was sent before and may have arrived."""
        if not self.resent:
            attempts.refuse(self.attempt, outcome)


def answered(item: Interaction) -> Outcome[Interaction]:
    """The outcome if the viewer's answer has arrived."""
    return Outcome(Kind.PENDING_OTHERS if item.pending else Kind.ANSWERED, item)


def why_not(
    viewer: Viewer, item: Interaction, snapshot: Payload | None, seen: Seen
) -> Outcome[Interaction] | None:
    """Why the person can't answer, according to ``snapshot`` or else the mirror; None if they
    can.
    """
    if snapshot is not None:
        apply_snapshot(snapshot).publish()
        item.refresh_from_db()
    outcome = refusal(viewer, item)
    if outcome is None and seen.differs_from(item):
        return Outcome(Kind.QUESTION_CHANGED, item)
    return outcome


def already_closed(viewer: Viewer, item: Interaction) -> Outcome[Interaction] | None:
    """``refusal`` without claims, since the mirror may not know of a release yet."""
    if answer_state(viewer, item) is AnswerState.CLAIMED_BY_ANOTHER:
        return None
    return refusal(viewer, item)


def refusal(
    viewer: Viewer, item: Interaction, *, ignoring: Attempt | None = None
) -> Outcome[Interaction] | None:
    """Why the person cannot answer, as the mirror has it; None if they can.

    ``ignoring``: the attempt that asks, which doesn't count.
    """
    match answer_state(viewer, item):
        case AnswerState.ANSWERED:
            return Outcome(Kind.ALREADY_ANSWERED, item)
        case AnswerState.CLOSED:
            return Outcome(Kind.CLOSED, item)
        case AnswerState.CLAIMED_BY_ANOTHER:
            return Outcome(Kind.CLAIMED_BY_ANOTHER, item)
        case _:
            underway = sent_to(viewer.user_id, item, ignoring=ignoring).underway
            return None if underway is None else Outcome(Kind.PROCESSING, item, underway=underway)


def _unchanged(
    item: Interaction, error: MobiusError, *, key_refused: bool, read: bool, judged: bool
) -> Outcome[Interaction]:
    """The outcome if the request failed and nothing shows that the answer arrived."""
    if isinstance(error, RateLimited):
        return Outcome(Kind.RATE_LIMITED, item, checked=read, retry_after=error.retry_after)
    if key_refused:
        return Outcome(Kind.TOKEN_REFUSED, item, service_key=True)
    if isinstance(error, Unauthorized) and read:
        return Outcome(Kind.TOKEN_REFUSED, item)
    if not read and not judged:
        return Outcome(Kind.UNCONFIRMED, item)
    if isinstance(error, Conflict) or is_uncertain(error):
        return Outcome(Kind.STILL_OPEN, item)
    return Outcome(Kind.NOT_ACCEPTED, item, **facts_of(error))
