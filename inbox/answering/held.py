"""Held answers: undoing them, and sending them when their time to undo is over.

The question is read and everything is checked again while the answer is still held. Then undo, a
deactivation and the sender each change the attempt's state in one conditional update, so only one
of them succeeds, and the answer is sent once. An answer that can't be checked or sent comes back to
the person (``returned``), immediately if the mirror already shows why.
"""

import logging
from collections.abc import Collection
from datetime import datetime
from functools import partial
from time import monotonic

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import viewer_of
from inbox.answering import attempts, returned, sending, token_owner
from inbox.answering.answer_command import AnswerCommand
from inbox.answering.answerability import answerability
from inbox.answering.attempts import NoLongerHeld
from inbox.answering.confirming import TEMPORARY
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import NotAsked, asked, find_asked
from inbox.answering.scheduled import OVERDUE_AFTER, TRY_AGAIN_AFTER, ScheduledSender
from inbox.answering.sending import prepare
from inbox.answering.shown_version import ShownVersion
from inbox.lib.metrics import observe_answer
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError, RateLimited
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.processes.answer_lock import StillAnswering, answering

log = logging.getLogger(__name__)


class Sender(ScheduledSender):
    channel = "held answers"

    def unsent(self) -> list[tuple[int, datetime]]:
        rows = Attempt.objects.filter(upstream=Upstream.current(), state=Attempt.State.HELD)
        return [(row.pk, row.send_at) for row in rows.order_by("send_at") if row.send_at]

    async def send(self, attempt_id: int) -> None:
        """One that an earlier process stored waits until Mobius can be reached."""
        attempt = await sync_to_async(_find)(attempt_id)
        if attempt is None or attempt.send_at is None:
            return
        if timezone.now() >= attempt.send_at + OVERDUE_AFTER:
            log.warning("a held answer to %s was not sent in time", attempt.interaction_id)
            await sync_to_async(_bring_back)(attempt, Kind.OVERDUE)
            return
        try:
            if attempt_id in self._loaded:
                await _read(attempt)
            await send(attempt)
        except (StillAnswering, *TEMPORARY):
            self._send_at(attempt_id, timezone.now() + TRY_AGAIN_AFTER)


sender = Sender()


async def send(attempt: Attempt) -> None:
    began = monotonic()
    async with (
        answering(attempt.reviewer_id, attempt.interaction_id),
        token_owner.one_at_a_time(attempt.reviewer),
    ):
        snapshot, read_failure = None, None
        try:
            snapshot = await _read(attempt)
        except TEMPORARY as error:
            read_failure = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNREACHABLE
        ready = await sync_to_async(_prepare)(attempt, snapshot, read_failure)
        if ready is None:
            return
        kind = ready if isinstance(ready, Kind) else await _send(ready)
    observe_answer(kind, monotonic() - began)


async def _send(command: AnswerCommand) -> Kind:
    outcome = await sending.send(command)
    attempt = command.attempt
    if outcome.done:
        await sync_to_async(returned.publish)(attempt.reviewer, attempt.interaction_id)
    else:
        await sync_to_async(returned.bring_back)(attempt, outcome.kind, outcome.message)
    return outcome.kind


def return_overtaken(upstream: Upstream, interaction_ids: Collection[str]) -> None:
    """Bring back held answers that can't be sent since the question closed, changed or was claimed.

    Called in the transaction that changed them. Reasons that may pass are left to ``send``.
    """
    held = Attempt.objects.filter(upstream=upstream, state=Attempt.State.HELD)
    questions = held.values_list("pk", "interaction_id")
    affected = [pk for pk, interaction_id in questions if interaction_id in interaction_ids]
    if not affected:
        return
    for attempt in held.filter(pk__in=affected).select_related("reviewer__user", "upstream"):
        kind = _overtaken(attempt)
        if kind is not None:
            _bring_back(attempt, kind)


def _overtaken(attempt: Attempt) -> Kind | None:
    try:
        viewer, item = asked(attempt.reviewer, attempt.interaction_id)
    except NotAsked:
        return None
    refused = answerability(viewer, item, shown=_shown(attempt), ignoring=attempt)
    return None if refused is None or refused.kind is Kind.PROCESSING else refused.kind


def _shown(attempt: Attempt) -> ShownVersion:
    return ShownVersion(question=attempt.digest)


def _prepare(
    held: Attempt, snapshot: Payload | None, read_failure: Kind | None
) -> AnswerCommand | Kind | None:
    """None if it isn't held any more. ``read_failure``: why the question could not be read."""
    if snapshot is not None:
        apply_snapshot(snapshot, held.upstream).publish()
    # The account may have been changed or switched off while the question was read.
    attempt = _find(held.pk)
    if attempt is None:
        return None
    try:
        ready = _command(attempt, read_failure)
    except NoLongerHeld:
        return None
    if isinstance(ready, AnswerCommand):
        return ready
    return ready if _bring_back(attempt, ready) else None


def _command(attempt: Attempt, read_failure: Kind | None) -> AnswerCommand | Kind:
    try:
        viewer, item = asked(attempt.reviewer, attempt.interaction_id)
    except NotAsked as refused:
        return refused.kind
    shown = _shown(attempt)
    if read_failure is not None:
        outcome = answerability(viewer, item, shown=shown, ignoring=attempt)
        return read_failure if outcome is None else outcome.kind
    store = partial(attempts.start_sending, attempt, item)
    ready = prepare(attempt.reviewer, viewer, item, store, shown=shown, ignoring=attempt)
    return ready if isinstance(ready, AnswerCommand) else ready.kind


def _bring_back(attempt: Attempt, kind: Kind) -> bool:
    if not attempts.give_up_held(attempt):
        return False
    returned.bring_back(attempt, kind)
    return True


def _find(attempt_id: int) -> Attempt | None:
    rows = Attempt.objects.filter(pk=attempt_id, state=Attempt.State.HELD)
    return rows.select_related("reviewer__user", "upstream").first()


async def _read(attempt: Attempt) -> Payload | None:
    """None if only the mirror can be used. Raises ``TEMPORARY``."""
    try:
        return await look_up(attempt.interaction_id)
    except MobiusError as error:
        log.info("the question of a held answer can't be read: %s", error)
        if isinstance(error, TEMPORARY):
            raise
        return None


def undo(*, reviewer: Reviewer, interaction_id: str) -> Outcome[Interaction]:
    """Undo the held answer; its text stays as a draft. A second undo has the outcome of the first.

    A held answer can be undone even if its question has been withdrawn from the person. Raises
    ``NotAsked`` if the person may not see the question and no answer is held.
    """
    upstream = Upstream.current()
    last = (
        Attempt.objects.filter(reviewer=reviewer, upstream=upstream, interaction_id=interaction_id)
        .order_by("-created_at", "-pk")
        .first()
    )
    if last is not None and last.state == Attempt.State.HELD and attempts.undo(last):
        returned.publish(reviewer, interaction_id)
        item = Interaction.objects.get(upstream=upstream, mobius_id=interaction_id)
        return Outcome(Kind.UNDONE, item)
    item = find_asked(viewer_of(reviewer.user), interaction_id)
    if last is not None:
        last.refresh_from_db()
    return Outcome(_what_became_of(last), item)


def _what_became_of(attempt: Attempt | None) -> Kind:
    if attempt is None:
        return Kind.NOTHING_TO_UNDO
    if attempt.state == Attempt.State.UNDONE:
        return Kind.UNDONE
    over = attempt.state == Attempt.State.REFUSED or attempt.returned
    return Kind.NOTHING_TO_UNDO if over or not attempt.sent else Kind.TOO_LATE
