"""Answering exactly once.

Check access; store draft and attempt in one transaction; send the POST; then, in one transaction,
project the response, log the decision, settle the attempt and delete its draft. A POST that may
have arrived is never repeated automatically: the question is read, and the outcome says what that
shows.

An answer that is to be held is checked and stored in the same way; ``held`` sends it later,
unless ``undo`` comes first.
"""

import logging
from dataclasses import replace
from datetime import timedelta
from time import monotonic

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Viewer, viewer_of
from inbox.answering import attempts, draft, observed, returned, token_owner
from inbox.answering.answer_command import AnswerCommand, answered
from inbox.answering.answerability import answerability
from inbox.answering.attempts import Submission
from inbox.answering.draft import NOWHERE, TypedIn
from inbox.answering.held import sender
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import asked
from inbox.answering.sending import prepare, send
from inbox.answering.shown_version import ANY_VERSION, ShownVersion
from inbox.audit.origin import BACKGROUND, Origin
from inbox.lib.metrics import observe_answer
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.answers import Answers, as_typed
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.people.clients import RequestCredential
from inbox.processes.answer_lock import StillAnswering, answering

log = logging.getLogger(__name__)

OPEN = Attempt.State.OPEN
TAKEN = (Attempt.State.HELD, Attempt.State.ANSWERED, Attempt.State.ACCEPTED)
"""A repeated operation is not stored or sent again from these states."""

ViewerAndItem = tuple[Viewer, Interaction]
"""A viewer, and a question that ``asked`` returned for them."""


async def respond(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    answers: Answers,
    comment: str = "",
    operation_id: str = "",
    shown: ShownVersion = ANY_VERSION,
    origin: Origin = BACKGROUND,
    typed_in: TypedIn = NOWHERE,
    viewer_and_item: ViewerAndItem | None = None,
    hold_for: timedelta | None = None,
) -> Outcome[Interaction]:
    """Answer the question as ``reviewer``. Raises ``NotAsked``.

    Args:
        answers: as in ``inbox.models.answers``; they fit the questions' modes.
        operation_id: repeated calls with the same id are one answer with one outcome.
        viewer_and_item: set if the caller has just loaded them.
        hold_for: how long the person can undo it; None to send it at once.
    """
    answer = Submission(
        reviewer=reviewer,
        interaction_id=interaction_id,
        answers=answers,
        comment=comment,
        operation_id=operation_id,
        shown=shown,
        origin=origin,
        typed_in=typed_in,
        hold_for=hold_for,
    )
    began = monotonic()
    try:
        outcome = await _respond(answer, viewer_and_item)
    except StillAnswering:
        outcome = await sync_to_async(_still_sending)(answer)
    observe_answer(outcome.kind, monotonic() - began)
    return outcome


def _still_sending(answer: Submission) -> Outcome[Interaction]:
    _, item = asked(answer.reviewer, answer.interaction_id)
    _save_draft(answer, item, closed=not item.is_open)
    return Outcome(Kind.UNCONFIRMED, item)


async def _respond(answer: Submission, loaded: ViewerAndItem | None) -> Outcome[Interaction]:
    async with (
        answering(answer.reviewer.pk, answer.interaction_id) as waited,
        token_owner.one_at_a_time(answer.reviewer),
    ):
        ready = await sync_to_async(_prepare)(answer, None if waited else loaded)
        if isinstance(ready, AnswerCommand) and ready.unknown:
            snapshot = await _look_up(answer.interaction_id)
            outcome = await sync_to_async(ready.on_recheck)(snapshot)
            if outcome.kind is not Kind.NOT_RECORDED:
                return outcome
            ready = await sync_to_async(_prepare)(answer, not_recorded=True)
        return ready if isinstance(ready, Outcome) else await send(ready)


async def read_and_check(
    *, reviewer: Reviewer, interaction_id: str, shown: ShownVersion = ANY_VERSION
) -> Outcome[Interaction] | None:
    """``answerability`` as Mobius has the question, if it can be read. Raises ``NotAsked``."""
    viewer, item = await sync_to_async(asked)(reviewer, interaction_id)
    snapshot = await _look_up(interaction_id) if item.pending else None
    return await sync_to_async(_check)(viewer, item, snapshot, shown)


async def recheck(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    operation_id: str,
    shown: ShownVersion = ANY_VERSION,
) -> Outcome[Interaction]:
    """Reads the question and sends nothing, after a response was lost.

    ``NOT_RECORDED`` means that the answer has not arrived and can be sent again. Waits for an
    answer that is being sent. Raises ``NotAsked``.
    """
    try:
        async with answering(reviewer.pk, interaction_id):
            viewer, item = await sync_to_async(asked)(reviewer, interaction_id)
            snapshot = await _look_up(interaction_id)
            attempt = await sync_to_async(attempts.find)(reviewer, operation_id)
            return await sync_to_async(_rechecked)(viewer, item, attempt, snapshot, shown)
    except StillAnswering:
        _, item = await sync_to_async(asked)(reviewer, interaction_id)
        return Outcome(Kind.UNCONFIRMED, item)


def _rechecked(
    viewer: Viewer,
    item: Interaction,
    attempt: Attempt | None,
    snapshot: Payload | None,
    shown: ShownVersion,
) -> Outcome[Interaction]:
    undone = attempt is not None and attempt.state == Attempt.State.UNDONE
    if attempt is None or undone or not attempts.is_for(attempt, item):
        return _check(viewer, item, snapshot, shown) or Outcome(Kind.NOT_RECORDED, item)
    if attempt.state in TAKEN:
        return _taken(attempt, viewer, item, snapshot)
    return AnswerCommand(attempt, viewer, item, unknown=True).on_recheck(snapshot)


def _check(
    viewer: Viewer, item: Interaction, snapshot: Payload | None, shown: ShownVersion
) -> Outcome[Interaction] | None:
    if snapshot is not None:
        apply_snapshot(snapshot).publish()
        item.refresh_from_db()
    return answerability(viewer, item, shown=shown)


async def settle_open() -> None:
    """A held answer that was being sent when the process ended, and has not arrived, comes back."""
    await sync_to_async(_settle_unconfirmed)()
    for unknown in await sync_to_async(_commands_in)(OPEN):
        attempt = unknown.attempt
        try:
            async with answering(attempt.reviewer_id, attempt.interaction_id, wait=0):
                if not await Attempt.objects.filter(pk=attempt.pk, state=OPEN).aexists():
                    continue
                snapshot = await look_up(attempt.interaction_id, background=True)
                await sync_to_async(_settle)(unknown, snapshot)
        except StillAnswering:
            continue
        except MobiusError as error:
            log.info("open attempts are still waiting: %s", error)
            return


async def _look_up(interaction_id: str) -> Payload | None:
    try:
        return await look_up(interaction_id)
    except MobiusError:
        return None


def _prepare(
    answer: Submission, loaded: ViewerAndItem | None = None, *, not_recorded: bool = False
) -> AnswerCommand | Outcome[Interaction]:
    """An attempt whose POST may have arrived must be checked before it is sent again.

    ``not_recorded``: it was checked, and has not arrived.
    """
    reviewer = answer.reviewer
    viewer, item = loaded or asked(reviewer, answer.interaction_id)
    found = attempts.find(reviewer, answer.operation_id)
    existing = found if found is not None and attempts.is_for(found, item) else None
    if existing is not None:
        if existing.state in TAKEN:
            return _taken(existing, viewer, item)
        if existing.state == OPEN and not not_recorded:
            return AnswerCommand(existing, viewer, item, unknown=True)
    sent_before = existing is not None and existing.sent

    def store(credential: RequestCredential) -> Attempt:
        if answer.hold_for is not None:
            return attempts.hold(answer, item, answer.hold_for, found)
        return attempts.begin(answer, item, credential, found)

    ready = prepare(
        reviewer,
        viewer,
        item,
        store,
        shown=answer.shown,
        # If it is sent at once, Mobius decides: the claim may have been released.
        trust_claims=answer.hold_for is not None,
    )
    if isinstance(ready, Outcome):
        return _refused(answer, viewer, ready)
    if ready.attempt.state == Attempt.State.HELD:
        sender.add(ready.attempt)
        returned.publish(reviewer, item.mobius_id)
        return Outcome(Kind.WAITING, item)
    return replace(ready, resent=sent_before and ready.attempt is existing)


def _refused(
    answer: Submission, viewer: Viewer, outcome: Outcome[Interaction]
) -> Outcome[Interaction]:
    """Keep what was typed; the same answer again is no refusal."""
    item = outcome.subject
    if outcome.kind is Kind.ALREADY_ANSWERED and attempts.sent_from_here(
        answer.reviewer, viewer, item, answers=answer.answers, comment=answer.comment
    ):
        return answered(item)
    _save_draft(answer, item, closed=outcome.kind in (Kind.CLOSED, Kind.ALREADY_ANSWERED))
    return outcome


def _taken(
    attempt: Attempt, viewer: Viewer, item: Interaction, snapshot: Payload | None = None
) -> Outcome[Interaction]:
    if attempt.state == Attempt.State.HELD:
        return Outcome(Kind.WAITING, item)
    if attempt.state == Attempt.State.ANSWERED:
        return answered(item)
    return AnswerCommand(attempt, viewer, item).on_repeated(snapshot)


def _save_draft(answer: Submission, item: Interaction, *, closed: bool) -> None:
    draft.keep(
        answer.reviewer,
        item,
        values=as_typed(item.questions, answer.answers),
        comment=answer.comment,
        closed=closed,
        typed_in=answer.typed_in,
    )


def _commands_in(state: Attempt.State) -> list[AnswerCommand]:
    commands = []
    rows = Attempt.objects.filter(state=state, upstream=Upstream.current())
    for attempt in rows.select_related("reviewer__user", "upstream").order_by("created_at"):
        if (item := attempt.question()) is not None:
            viewer = viewer_of(attempt.reviewer.user)
            commands.append(AnswerCommand(attempt, viewer, item, unknown=True))
    return commands


def _settle_unconfirmed() -> None:
    """Their questions are not read any more: the mirror alone decides."""
    for unconfirmed in _commands_in(Attempt.State.UNCONFIRMED):
        unconfirmed.on_recheck(None)


def _settle(unknown: AnswerCommand, snapshot: Payload) -> None:
    outcome = unknown.on_recheck(snapshot)
    attempt = unknown.attempt
    if attempt.on_its_way and not outcome.done:
        returned.bring_back(attempt, outcome.kind)
    is_open = outcome.kind is Kind.NOT_RECORDED
    if is_open and attempt.began_at < timezone.now() - GIVE_UP_AFTER:
        attempts.refuse(attempt, observed.NEVER_ARRIVED)
