"""Held answers: undoing them, and sending them when their time to undo is over.

Undo and the sender each change the attempt's state in one conditional update, so only one of them
succeeds. Once the attempt is open, the question is read and everything is checked again, and then
the answer is sent once. An answer that can't be checked or sent comes back to the person
(``returned``), immediately if the mirror already shows why.
"""

import logging
from collections.abc import Collection
from datetime import datetime
from time import monotonic

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Viewer, viewer_of
from inbox.metrics import observe_answer
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError, RateLimited
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.people.clients import NoCredential, credential_for
from inbox.services import answer_command, attempts, returned
from inbox.services.answer_command import AnswerCommand
from inbox.services.answer_lock import StillAnswering, answering
from inbox.services.attempts import Busy
from inbox.services.command import execute
from inbox.services.confirming import TEMPORARY, confirmer
from inbox.services.look_up import apply_snapshot, look_up
from inbox.services.outcome import DONE, Kind, Outcome
from inbox.services.question import NotAsked, find_asked
from inbox.services.scheduled import OVERDUE_AFTER, TRY_AGAIN_AFTER, ScheduledSender

log = logging.getLogger(__name__)


class Sender(ScheduledSender):
    channel = "held answers"

    def unsent(self) -> list[tuple[int, datetime]]:
        rows = Attempt.objects.filter(upstream=Upstream.current(), state=Attempt.State.HELD)
        return [(row.pk, row.send_at) for row in rows.order_by("send_at") if row.send_at]

    async def send(self, attempt_id: int) -> None:
        """Send an attempt that is due. One that an earlier process stored waits until Mobius can be
        reached.
        """
        attempt = await sync_to_async(_find)(attempt_id)
        if attempt is None or attempt.send_at is None:
            return
        if timezone.now() >= attempt.send_at + OVERDUE_AFTER:
            await sync_to_async(_give_up)(attempt)
            return
        try:
            if attempt_id in self._loaded:
                await _read(attempt)
            await send(attempt)
        except (StillAnswering, *TEMPORARY):
            self._send_at(attempt_id, timezone.now() + TRY_AGAIN_AFTER)


sender = Sender()
"""The process's sender."""


async def send(attempt: Attempt) -> None:
    """Send the held attempt, unless it was undone."""
    began = monotonic()
    async with answering(attempt.reviewer_id, attempt.interaction_id):
        if not await sync_to_async(attempts.start_sending)(attempt):
            return
        snapshot, read_failure = None, None
        try:
            snapshot = await _read(attempt)
        except TEMPORARY as error:
            read_failure = Kind.RATE_LIMITED if isinstance(error, RateLimited) else Kind.UNREACHABLE
        ready = await sync_to_async(_prepare)(attempt, snapshot, read_failure)
        if isinstance(ready, AnswerCommand):
            outcome = await execute(ready)
            kind, message = outcome.kind, outcome.message
        else:
            kind, message = ready, ""
        await sync_to_async(_conclude)(attempt, kind, message)
    observe_answer(kind, monotonic() - began)
    if kind is Kind.RECEIVED:
        confirmer.add(attempt.pk)


def return_overtaken(upstream: Upstream, interaction_ids: Collection[str]) -> None:
    """Bring back the held answers to these questions that can no longer be sent, since the question
    has closed or changed, or someone else has claimed it.

    Called in the transaction that changed them. Reasons that may pass, such as someone else's
    answer being processed, are left to ``send``.
    """
    held = Attempt.objects.filter(upstream=upstream, state=Attempt.State.HELD)
    questions = held.values_list("pk", "interaction_id")
    affected = [pk for pk, interaction_id in questions if interaction_id in interaction_ids]
    if not affected:
        return
    for attempt in held.filter(pk__in=affected).select_related("reviewer__user", "upstream"):
        kind = _overtaken(attempt)
        if kind is not None and attempts.give_up_held(attempt):
            returned.bring_back(attempt, kind)


def _overtaken(attempt: Attempt) -> Kind | None:
    viewer = viewer_of(attempt.reviewer.user)
    try:
        item = find_asked(viewer, attempt.interaction_id)
    except NotAsked:
        return None
    kind = _refusal(attempt, viewer, item)
    return None if kind is Kind.PROCESSING else kind


def _refusal(attempt: Attempt, viewer: Viewer, item: Interaction) -> Kind | None:
    """Why the answer can't be sent according to the mirror; None if it can."""
    refusal = answer_command.refusal(viewer, item, ignoring=attempt)
    if refusal is not None:
        return refusal.kind
    return Kind.QUESTION_CHANGED if attempts.has_changed(attempt, item) else None


def _prepare(
    attempt: Attempt, snapshot: Payload | None, read_failure: Kind | None
) -> AnswerCommand | Kind:
    """Check everything again. Returns the command, or why it can't be sent. ``read_failure``: why
    the question could not be read, so that it may have changed.
    """
    ready = _check(attempt, snapshot)
    if read_failure is not None and isinstance(ready, AnswerCommand):
        ready = read_failure
    if isinstance(ready, Kind):
        attempts.refuse(attempt, Attempt.NOT_SENT)
    return ready


def _check(attempt: Attempt, snapshot: Payload | None) -> AnswerCommand | Kind:
    if not attempt.reviewer.user.is_active:
        return Kind.DEACTIVATED
    if snapshot is not None:
        apply_snapshot(snapshot, attempt.upstream).publish()
    viewer = viewer_of(attempt.reviewer.user)
    try:
        item = find_asked(viewer, attempt.interaction_id)
    except NotAsked:
        return Kind.NOT_ALLOWED
    refusal = _refusal(attempt, viewer, item)
    if refusal is not None:
        return refusal
    try:
        credential = credential_for(attempt.reviewer, item)
        attempts.use_credential(attempt, item, credential)
    except NoCredential:
        return Kind.NO_CREDENTIAL
    except Busy:
        return Kind.PROCESSING
    return AnswerCommand(attempt, viewer, item, credential)


def _conclude(attempt: Attempt, kind: Kind, message: str) -> None:
    if kind in DONE:
        returned.publish(attempt.reviewer, attempt.interaction_id)
    else:
        returned.bring_back(attempt, kind, message)


def _give_up(attempt: Attempt) -> None:
    if attempts.give_up_held(attempt):
        log.warning("a held answer to %s was not sent in time", attempt.interaction_id)
        returned.bring_back(attempt, Kind.OVERDUE)


def _find(attempt_id: int) -> Attempt | None:
    rows = Attempt.objects.filter(pk=attempt_id, state=Attempt.State.HELD)
    return rows.select_related("reviewer__user", "upstream").first()


async def _read(attempt: Attempt) -> Payload | None:
    """The question, read from Mobius; None if only the mirror can be used. Raises ``TEMPORARY``."""
    try:
        return await look_up(attempt.interaction_id)
    except MobiusError as error:
        log.info("the question of a held answer can't be read: %s", error)
        if isinstance(error, TEMPORARY):
            raise
        return None


def undo(*, reviewer: Reviewer, interaction_id: str) -> Outcome[Interaction]:
    """Undo the person's held answer to the question; its text stays as a draft.

    ``TOO_LATE``: it is being sent, or was. A second undo has the outcome of the first. A held
    answer can be taken back even if the question has been withdrawn from the person since.

    Raises:
        NotAsked: the person may not see the question, and none of their answers is held.
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
