"""The request of a stored attempt, and what its result means."""

from dataclasses import dataclass

from inbox.access import Viewer
from inbox.answering import attempts
from inbox.answering.answerability import answerability
from inbox.answering.attempts import Settled
from inbox.answering.command import READ_WITHIN, Command, is_uncertain
from inbox.answering.look_up import look_up
from inbox.answering.outcome import Kind, Outcome, facts_of
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
from inbox.models.answers import from_json
from inbox.people import credentials, service_key
from inbox.people.clients import RequestCredential
from inbox.people.names import names_of


@dataclass(frozen=True)
class AnswerCommand(Command[Interaction]):
    """An attempt with the credential to send it with. Each step commits its rows.

    ``unknown``: it was sent before and may have arrived. ``resent``: likewise, and the person has
    asked to send it again.
    """

    attempt: Attempt
    viewer: Viewer
    item: Interaction
    credential: RequestCredential | None = None
    unknown: bool = False
    resent: bool = False

    @property
    def run_id(self) -> str:
        return self.item.run_id or ""

    async def send(self) -> Payload | None:
        if self.credential is None:
            raise ValueError("the attempt has no credential")
        attempt = self.attempt
        return await self.credential.client().respond(
            attempt.interaction_id,
            raw=self.item.raw,
            answers=from_json(attempt.answers),
            comment=attempt.comment or None,
        )

    async def read(self, *, within: float = READ_WITHIN) -> Payload:
        return await look_up(self.attempt.interaction_id, within=within)

    def on_accepted(self, response: Payload | None) -> Outcome[Interaction] | None:
        if response is None:
            return None
        return self._after_acceptance(self._settle(response, accepted=True))

    def on_repeated(self, snapshot: Payload | None = None) -> Outcome[Interaction]:
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
        if key_refused and isinstance(error, Unauthorized) and not settled.ours:
            service_key.pause(settled.item.upstream)
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
        if not self.unknown:
            return self._after_unreadable_success(snapshot)
        settled = self._settle(snapshot)
        kind = Kind.UNCONFIRMED if snapshot is None else Kind.NOT_RECORDED
        return self._conclusive_outcome(settled) or Outcome(kind, settled.item)

    def is_confirmed(self, snapshot: Payload | None, *, overdue: bool) -> bool:
        """Without a snapshot, the mirror decides. ``overdue``: an answer that still does not show
        is left as unconfirmed.
        """
        if self._settle(snapshot).final:
            return True
        if overdue:
            attempts.leave_unconfirmed(self.attempt)
        return overdue

    @property
    def _by_member(self) -> bool:
        return self.credential is not None and self.credential.kind == "member"

    def _settle(self, snapshot: Payload | None, *, accepted: bool = False) -> Settled:
        settled = attempts.settle(
            self.attempt,
            self.viewer,
            snapshot,
            accepted=accepted,
            credential=self.credential,
        )
        settled.changes.publish()
        return settled

    def _after_acceptance(self, settled: Settled) -> Outcome[Interaction]:
        if settled.owner:
            return _sent_as(settled)
        if settled.answered:
            return answered(settled.item)
        return Outcome(Kind.CLOSED if settled.final else Kind.RECEIVED, settled.item)

    def _after_unreadable_success(self, snapshot: Payload | None) -> Outcome[Interaction]:
        settled = self._settle(snapshot, accepted=True)
        if settled.final:
            return self._after_acceptance(settled)
        attempts.leave_unconfirmed(self.attempt)
        return Outcome(Kind.UNCONFIRMED, settled.item)

    def _conclusive_outcome(self, settled: Settled) -> Outcome[Interaction] | None:
        if settled.ours:
            return answered(settled.item)
        if settled.owner:
            return _sent_as(settled)
        return answerability(self.viewer, settled.item, ignoring=self.attempt)

    def _give_up(self, outcome: str) -> None:
        """Refuse the attempt, unless it was sent before and may have arrived."""
        if not self.resent:
            attempts.refuse(self.attempt, outcome)


def answered(item: Interaction) -> Outcome[Interaction]:
    return Outcome(Kind.PENDING_OTHERS if item.pending else Kind.ANSWERED, item)


def _sent_as(settled: Settled) -> Outcome[Interaction]:
    person = names_of(settled.item.upstream, [settled.owner]).of(settled.owner)
    return Outcome(Kind.ANOTHER_OWNER, settled.item, user_id=settled.owner, person=person)


def _unchanged(
    item: Interaction, error: MobiusError, *, key_refused: bool, read: bool, judged: bool
) -> Outcome[Interaction]:
    if isinstance(error, RateLimited):
        return Outcome(Kind.RATE_LIMITED, item, checked=read, retry_after=error.retry_after)
    if key_refused:
        return Outcome(Kind.KEY_REFUSED, item, **facts_of(error))
    if isinstance(error, Unauthorized) and read:
        return Outcome(Kind.TOKEN_REFUSED, item)
    if not read and not judged:
        return Outcome(Kind.UNCONFIRMED, item)
    if isinstance(error, Conflict) or is_uncertain(error):
        return Outcome(Kind.STILL_OPEN, item)
    return Outcome(Kind.NOT_ACCEPTED, item, **facts_of(error))
