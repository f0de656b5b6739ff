"""Cancelling a question for everyone it asks: sent once, with the lead's own token.

The question is read afterwards, whatever Mobius has responded. As it closes in the mirror, held
answers come back to their authors (``held.return_overtaken``).
"""

from dataclasses import dataclass
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.db import transaction

from inbox import access
from inbox.access import NotTheirs, Viewer, viewer_of
from inbox.answering.command import READ_WITHIN, Command, execute, is_uncertain
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome, refused
from inbox.answering.question import find
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mirror.snapshots import Payload
from inbox.mobius import types
from inbox.mobius.errors import MobiusError, Unauthorized
from inbox.models import Interaction, Reviewer, Upstream
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential

VERB: Final = "question_cancelled"


def may_cancel(viewer: Viewer, item: Interaction) -> bool:
    """As far as the mirror knows."""
    offered = item.upstream.adapter.cancels_questions and item.is_open
    return offered and access.has_permission(viewer, access.CANCEL_QUESTION)


@dataclass(frozen=True)
class Cancellation(Command[Interaction]):
    reviewer: Reviewer
    upstream: Upstream
    item: Interaction
    credential: RequestCredential
    origin: Origin
    reason: str

    @property
    def run_id(self) -> str:
        return self.item.run_id or ""

    async def send(self) -> None:
        await self.credential.client().cancel_interaction(self.item.mobius_id, reason=self.reason)

    async def read(self, *, within: float = READ_WITHIN) -> Payload:
        return await look_up(self.item.mobius_id, within=within)

    def on_accepted(self, response: None) -> None:
        """It may also accept this for a question that was closed before, so it is read again."""

    def on_recheck(self, snapshot: Payload | None) -> Outcome[Interaction]:
        if snapshot is None:
            self._log()
            return Outcome(Kind.CANCELLED, self.item, VERB, checked=False)
        item, ours = self._applied(snapshot)
        if ours:
            return Outcome(Kind.CANCELLED, item, VERB)
        return self._unchanged(item)

    def on_not_sent(self, error: MobiusError) -> Outcome[Interaction]:
        return refused(error, self.item, verb=VERB)

    def on_error(self, error: MobiusError, snapshot: Payload | None) -> Outcome[Interaction]:
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.reviewer)
        uncertain = is_uncertain(error)
        if snapshot is None:
            if uncertain:
                self._log(arrived="unknown")
                return Outcome(Kind.UNCONFIRMED, self.item, VERB)
            return refused(error, self.item, verb=VERB)
        item, ours = self._applied(snapshot, logged=uncertain)
        if ours and uncertain:
            return Outcome(Kind.CANCELLED, item, VERB)
        if item.is_open and not uncertain:
            return refused(error, item, verb=VERB)
        return self._unchanged(item)

    def _unchanged(self, item: Interaction) -> Outcome[Interaction]:
        if item.deleted:
            return Outcome(Kind.DELETED, item, VERB)
        return Outcome(Kind.STILL_OPEN if item.is_open else Kind.CLOSED, item, VERB)

    def _applied(self, snapshot: Payload, *, logged: bool = True) -> tuple[Interaction, bool]:
        """The question as it is now, and whether it was cancelled for this reason."""
        ours = isinstance(snapshot, types.Interaction) and _is_cancelled(snapshot, self.reason)
        with transaction.atomic():
            changes = apply_snapshot(snapshot, self.upstream)
            if ours and logged:
                self._log()
        changes.publish()
        item = Interaction.objects.get(pk=self.item.pk)
        item.upstream = self.upstream
        return item, ours

    @transaction.atomic
    def _log(self, **facts: Any) -> None:
        decision_log.append(
            entry_by(
                self.reviewer,
                verb=VERB,
                upstream=self.upstream,
                origin=self.origin,
                credential_kind=self.credential.kind,
                item=self.item,
                comment=self.reason,
                value=facts or None,
            )
        )


def _is_cancelled(snapshot: types.Interaction, reason: str) -> bool:
    """Someone else may have cancelled it too, with another reason."""
    is_cancelled = snapshot.status is types.InteractionStatus.CANCELLED
    return is_cancelled and snapshot.cancel_reason in (None, reason)


async def cancel(
    *, reviewer: Reviewer, interaction_id: str, reason: str, origin: Origin = BACKGROUND
) -> Outcome[Interaction]:
    """Raises ``NotTheirs``, also where questions can't be cancelled."""
    return await execute(await sync_to_async(_prepare)(reviewer, interaction_id, reason, origin))


def _prepare(
    reviewer: Reviewer, interaction_id: str, reason: str, origin: Origin
) -> Cancellation | Outcome[Interaction]:
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    item = find(viewer, upstream, interaction_id)
    allowed = access.has_permission(viewer, access.CANCEL_QUESTION)
    if item is None or not allowed or not upstream.adapter.cancels_questions:
        raise NotTheirs(interaction_id)
    if not item.is_open:
        return Outcome(Kind.DELETED if item.deleted else Kind.CLOSED, item, VERB)
    try:
        credential = member_credential(reviewer, upstream)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, item, VERB, lost=none.lost)
    return Cancellation(reviewer, upstream, item, credential, origin, reason)
