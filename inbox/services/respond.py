"""Answering exactly once.

Check access; store draft and attempt in one transaction; send the POST; then, in one transaction,
project the response, log the decision, settle the attempt and delete its draft. A POST that may
have arrived is never repeated automatically: the question is read, and the outcome says what that
shows.

An answer that is to be held is checked and stored in the same way; ``sending`` sends it later,
unless ``undo`` comes first.
"""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Viewer, viewer_of
from inbox.metrics import observe_answer
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.people.clients import NoCredential, RequestCredential, credential_for
from inbox.services import answer_command, attempts, draft, observed, returned
from inbox.services.answer_command import AnswerCommand, answered
from inbox.services.answer_lock import StillAnswering, answering
from inbox.services.answer_state import AnswerState, answer_state
from inbox.services.attempts import Busy, Submission
from inbox.services.command import execute
from inbox.services.confirming import confirmer
from inbox.services.draft import NOWHERE, TypedIn
from inbox.services.look_up import look_up
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Kind, Outcome
from inbox.services.question import find_asked
from inbox.services.seen import Seen
from inbox.services.sending import sender

log = logging.getLogger(__name__)

OPEN = Attempt.State.OPEN
TAKEN = (Attempt.State.HELD, Attempt.State.ANSWERED, Attempt.State.ACCEPTED)
"""A repeated operation is not stored or sent again from these states."""

ViewerAndItem = tuple[Viewer, Interaction]
"""A viewer, and a question that ``find_asked`` returned for them."""


@dataclass(frozen=True, kw_only=True)
class Answer(Submission):
    """What a person submits to a question, what the page showed, and how long it is held."""

    interaction_id: str
    seen: Seen
    viewer_and_item: ViewerAndItem | None
    hold_for: timedelta | None


async def respond(
    *,
    reviewer: Reviewer,
    interaction_id: str,
    value: Any,
    comment: str = "",
    operation_id: str = "",
    seen: Seen | None = None,
    origin: Origin = BACKGROUND,
    typed_in: TypedIn = NOWHERE,
    viewer_and_item: ViewerAndItem | None = None,
    hold_for: timedelta | None = None,
) -> Outcome[Interaction]:
    """Answer the question as ``reviewer``.

    Args:
        value: a JSON value that fits the question's mode.
        operation_id: repeated calls with the same id are one answer with one outcome.
        seen: what the page showed.
        origin: where it was sent from.
        typed_in: the form.
        viewer_and_item: viewer and question, if the caller has just loaded them.
        hold_for: how long the person can undo it; None to send it at once.

    Raises:
        NotAsked: the question is not there for the reviewer.
    """
    answer = Answer(
        reviewer=reviewer,
        interaction_id=interaction_id,
        value=value,
        comment=comment,
        operation_id=operation_id,
        seen=seen or Seen(),
        origin=origin,
        typed_in=typed_in,
        viewer_and_item=viewer_and_item,
        hold_for=hold_for,
    )
    began = monotonic()
    try:
        outcome = await _respond(answer)
    except StillAnswering:
        outcome = await sync_to_async(_not_begun)(answer)
    observe_answer(outcome.kind, monotonic() - began)
    return outcome


def _not_begun(answer: Answer) -> Outcome[Interaction]:
    """Another process is still sending an answer of the person's."""
    _, item = _asked(answer.reviewer, answer.interaction_id)
    _save_draft(answer, item, closed=not item.pending)
    return Outcome(Kind.UNCONFIRMED, item)


async def _respond(answer: Answer) -> Outcome[Interaction]:
    async with answering(answer.reviewer.pk, answer.interaction_id) as waited:
        if waited:
            answer = replace(answer, viewer_and_item=None)
        ready = await sync_to_async(_prepare)(answer, recheck=True)
        if isinstance(ready, AnswerCommand) and ready.unknown:
            snapshot = await _look_up(answer.interaction_id)
            outcome = await sync_to_async(ready.on_recheck)(snapshot)
            if outcome.kind is not Kind.NOT_RECORDED:
                return outcome
            ready = await sync_to_async(_prepare)(answer, recheck=False)
        outcome = await execute(ready)
    if isinstance(ready, AnswerCommand) and outcome.kind is Kind.RECEIVED:
        confirmer.add(ready.attempt.pk)
    return outcome


async def check_answerable(
    *, reviewer: Reviewer, interaction_id: str, seen: Seen | None = None
) -> Outcome[Interaction] | None:
    """Why the question can't be answered now, whatever the value; None if it can.

    Reads the question from Mobius if possible: that it is closed or has changed comes before errors
    in the value. Raises ``NotAsked``.
    """
    viewer, item = await sync_to_async(_asked)(reviewer, interaction_id)
    snapshot = await _look_up(interaction_id) if item.pending else None
    return await sync_to_async(answer_command.why_not)(viewer, item, snapshot, seen or Seen())


async def recheck(
    *, reviewer: Reviewer, interaction_id: str, operation_id: str, seen: Seen | None = None
) -> Outcome[Interaction]:
    """The outcome of an answer whose response never reached the person who sent it.

    Reads the question and sends nothing. ``NOT_RECORDED`` means that the answer has not arrived and
    can be sent again. Waits for an answer that is being sent. Raises ``NotAsked``.
    """
    try:
        async with answering(reviewer.pk, interaction_id):
            found = await sync_to_async(_asked)(reviewer, interaction_id)
            snapshot = await _look_up(interaction_id)
            attempt = await sync_to_async(attempts.find)(reviewer, operation_id)
            return await sync_to_async(_rechecked)(found, attempt, snapshot, seen or Seen())
    except StillAnswering:
        _, item = await sync_to_async(_asked)(reviewer, interaction_id)
        return Outcome(Kind.UNCONFIRMED, item)


def _rechecked(
    viewer_and_item: ViewerAndItem, attempt: Attempt | None, snapshot: Payload | None, seen: Seen
) -> Outcome[Interaction]:
    viewer, item = viewer_and_item
    undone = attempt is not None and attempt.state == Attempt.State.UNDONE
    if attempt is None or undone or not attempts.is_for(attempt, item):
        outcome = answer_command.why_not(viewer, item, snapshot, seen)
        return outcome or Outcome(Kind.NOT_RECORDED, item)
    if attempt.state in TAKEN:
        return _taken(attempt, viewer, item, snapshot)
    return AnswerCommand(attempt, viewer, item, unknown=True).on_recheck(snapshot)


async def settle_open() -> None:
    """Settle every attempt of unknown outcome. Called at start and every minute.

    A held answer that was being sent when the process ended, and has not arrived, comes back.
    """
    await sync_to_async(_settle_unconfirmed)()
    for unknown in await sync_to_async(_commands_in)(OPEN):
        attempt = unknown.attempt
        try:
            async with answering(attempt.reviewer_id, attempt.interaction_id, wait=0):
                if not await Attempt.objects.filter(pk=attempt.pk, state=OPEN).aexists():
                    continue
                snapshot = await look_up(attempt.interaction_id)
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


def _prepare(answer: Answer, *, recheck: bool) -> AnswerCommand | Outcome[Interaction]:
    """Everything before the POST; an outcome where there is nothing to send.

    ``recheck``: if an earlier POST of the same operation may have arrived, return that attempt, to
    be checked before it is sent again.
    """
    reviewer = answer.reviewer
    loaded = answer.viewer_and_item if recheck else None
    viewer, item = loaded or _asked(reviewer, answer.interaction_id)
    existing = attempts.find(reviewer, answer.operation_id)
    if existing is not None and attempts.is_for(existing, item):
        if existing.state in TAKEN:
            return _taken(existing, viewer, item)
        if existing.state == Attempt.State.OPEN and recheck:
            return AnswerCommand(existing, viewer, item, unknown=True)
    refused = _refused(answer, viewer, item)
    if refused is not None:
        return refused
    try:
        credential = credential_for(reviewer, item)
    except NoCredential as none:
        _save_draft(answer, item, closed=False)
        return Outcome(Kind.NO_CREDENTIAL, item, lost=none.lost)
    if answer.hold_for is not None:
        return _hold(answer, item, existing, answer.hold_for)
    return _begin(answer, viewer, item, credential, existing)


def _refused(answer: Answer, viewer: Viewer, item: Interaction) -> Outcome[Interaction] | None:
    """Why the answer can't be sent, as the mirror has it; what was typed is saved."""
    closed = answer_command.already_closed(viewer, item)
    if (
        closed is not None
        and closed.kind is Kind.ALREADY_ANSWERED
        and attempts.sent_from_here(
            answer.reviewer, viewer, item, value=answer.value, comment=answer.comment
        )
    ):
        return answered(item)
    if closed is not None or answer.seen.differs_from(item):
        _save_draft(answer, item, closed=closed is not None)
        return closed or Outcome(Kind.QUESTION_CHANGED, item)
    if answer.hold_for is not None and answer_state(viewer, item) is AnswerState.CLAIMED_BY_ANOTHER:
        # One that is sent at once is left to Mobius: the claim may have been released.
        _save_draft(answer, item, closed=False)
        return Outcome(Kind.CLAIMED_BY_ANOTHER, item)
    return None


def _hold(
    answer: Answer, item: Interaction, existing: Attempt | None, wait: timedelta
) -> Outcome[Interaction]:
    """Store the attempt, and let it be sent later."""
    attempt = attempts.hold(answer, item, wait, existing)
    sender.add(attempt)
    returned.publish(answer.reviewer, item.mobius_id)
    return Outcome(Kind.WAITING, item)


def _begin(
    answer: Answer,
    viewer: Viewer,
    item: Interaction,
    credential: RequestCredential,
    existing: Attempt | None,
) -> AnswerCommand | Outcome[Interaction]:
    """Store the attempt; an outcome where someone else is answering."""
    sent_before = existing is not None and attempts.is_for(existing, item) and existing.sent
    try:
        attempt = attempts.begin(answer, item, credential, existing)
    except Busy as busy:
        _save_draft(answer, item, closed=False)
        return Outcome(Kind.PROCESSING, item, underway=busy.underway)
    resent = attempt is existing and sent_before
    return AnswerCommand(attempt, viewer, item, credential, resent=resent)


def _taken(
    attempt: Attempt, viewer: Viewer, item: Interaction, snapshot: Payload | None = None
) -> Outcome[Interaction]:
    if attempt.state == Attempt.State.HELD:
        return Outcome(Kind.WAITING, item)
    if attempt.state == Attempt.State.ANSWERED:
        return answered(item)
    return AnswerCommand(attempt, viewer, item).on_repeated(snapshot)


def _asked(reviewer: Reviewer, interaction_id: str) -> ViewerAndItem:
    viewer = viewer_of(reviewer.user)
    return viewer, find_asked(viewer, interaction_id)


def _save_draft(answer: Answer, item: Interaction, *, closed: bool) -> None:
    draft.keep(
        answer.reviewer,
        item,
        values=draft.as_form_values(answer.value),
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
    """Settle unconfirmed attempts by the mirror alone: their questions are not read any more."""
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
