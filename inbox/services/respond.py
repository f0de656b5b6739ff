"""Answering exactly once.

Check access; store draft and attempt in one transaction; send the POST; then, in one transaction,
project the response, log the decision, settle the attempt and delete the draft. A POST that may
have arrived is never repeated automatically: the question is read, and the outcome says what that
shows.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Viewer, viewer_of
from inbox.mobius.errors import MobiusError
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.page_slots import locked
from inbox.people.clients import NoCredential, RequestCredential, credential_for
from inbox.services import answer_command, attempts, draft, observed
from inbox.services.answer_command import AnswerCommand, answered
from inbox.services.attempts import Busy
from inbox.services.command import execute
from inbox.services.confirming import confirmer
from inbox.services.draft import NOWHERE, TypedIn
from inbox.services.look_up import Snapshot, look_up
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Kind, Outcome
from inbox.services.question import find_asked
from inbox.services.seen import Seen

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(minutes=5)
"""After this, an attempt whose question is still open counts as not arrived."""

ACCEPTED = (Attempt.State.ANSWERED, Attempt.State.ACCEPTED)
"""A repeated operation is not sent again from these states."""

ViewerAndItem = tuple[Viewer, Interaction]
"""A viewer, and a question that ``find_asked`` returned for them."""

_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Answer:
    """What a person submits, and what the page showed."""

    reviewer: Reviewer
    interaction_id: str
    value: Any
    comment: str
    operation_id: str
    seen: Seen
    origin: Origin
    typed_in: TypedIn = NOWHERE
    viewer_and_item: ViewerAndItem | None = None


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
) -> Outcome[Interaction]:
    """Answer the question as ``reviewer``.

    Args:
        value: a JSON value that fits the question's mode.
        operation_id: repeated calls with the same id are one answer with one outcome.
        seen: what the page showed.
        origin: where it was sent from.
        typed_in: the form.
        viewer_and_item: viewer and question, if the caller has just loaded them.

    Raises:
        NotAsked: the question is not there for the reviewer.
    """
    lock = _answer_lock(reviewer, interaction_id)
    viewer_and_item = None if lock.locked() else viewer_and_item
    seen = seen or Seen()
    answer = Answer(
        reviewer,
        interaction_id,
        value,
        comment,
        operation_id,
        seen,
        origin,
        typed_in,
        viewer_and_item,
    )
    async with locked(lock):
        ready = await sync_to_async(_prepare)(answer, recheck=True)
        if isinstance(ready, AnswerCommand) and ready.unknown:
            snapshot = await _look_up(interaction_id)
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
    viewer = await sync_to_async(viewer_of)(reviewer.user)
    item = await sync_to_async(find_asked)(viewer, interaction_id)
    snapshot = await _look_up(interaction_id) if item.pending else None
    return await sync_to_async(answer_command.why_not)(viewer, item, snapshot, seen or Seen())


async def recheck(
    *, reviewer: Reviewer, interaction_id: str, operation_id: str, seen: Seen | None = None
) -> Outcome[Interaction]:
    """The outcome of an answer whose response never reached the person who sent it.

    Reads the question and sends nothing. ``NOT_RECORDED`` means that the answer has not arrived and
    can be sent again. Waits for an answer that is being sent. Raises ``NotAsked``.
    """
    async with locked(_answer_lock(reviewer, interaction_id)):
        viewer = await sync_to_async(viewer_of)(reviewer.user)
        item = await sync_to_async(find_asked)(viewer, interaction_id)
        snapshot = await _look_up(interaction_id)
        attempt = await sync_to_async(attempts.find)(reviewer, operation_id)
        return await sync_to_async(_rechecked)((viewer, item), attempt, snapshot, seen or Seen())


def _rechecked(
    viewer_and_item: ViewerAndItem, attempt: Attempt | None, snapshot: Snapshot | None, seen: Seen
) -> Outcome[Interaction]:
    viewer, item = viewer_and_item
    if attempt is None or not attempts.is_for(attempt, item):
        outcome = answer_command.why_not(viewer, item, snapshot, seen)
        return outcome or Outcome(Kind.NOT_RECORDED, item)
    if attempt.state in ACCEPTED:
        return _accepted(attempt, viewer, item, snapshot)
    return AnswerCommand(attempt, viewer, item, unknown=True).on_recheck(snapshot)


async def settle_open() -> None:
    """Settle every attempt of unknown outcome. Called at start and every minute."""
    await sync_to_async(_settle_unconfirmed)()
    for unknown in await sync_to_async(_commands_in)(Attempt.State.OPEN):
        async with _answer_lock(unknown.attempt.reviewer, unknown.attempt.interaction_id):
            try:
                snapshot = await look_up(unknown.attempt.interaction_id)
            except MobiusError as error:
                log.info("open attempts wait: %s", error)
                return
            await sync_to_async(_settle)(unknown, snapshot)


def _answer_lock(reviewer: Reviewer, interaction_id: str) -> asyncio.Lock:
    """A lock that lets a person send one answer to a question at a time."""
    return _locks.setdefault((reviewer.pk, interaction_id), asyncio.Lock())


async def _look_up(interaction_id: str) -> Snapshot | None:
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
    viewer, item = (answer.viewer_and_item if recheck else None) or _find(answer)
    existing = attempts.find(reviewer, answer.operation_id)
    earlier = existing if existing is not None and attempts.is_for(existing, item) else None
    if earlier is not None and earlier.state in ACCEPTED:
        return _accepted(earlier, viewer, item)
    if earlier is not None and earlier.state == Attempt.State.OPEN and recheck:
        return AnswerCommand(earlier, viewer, item, unknown=True)
    closed = answer_command.already_closed(viewer, item)
    if (
        closed is not None
        and closed.kind is Kind.ALREADY_MINE
        and _already_sent(answer, viewer, item)
    ):
        return answered(item)
    if closed is not None or answer.seen.differs_from(item):
        _save_draft(answer, item, closed=closed is not None)
        return closed or Outcome(Kind.QUESTION_CHANGED, item)
    try:
        credential = credential_for(reviewer, item)
    except NoCredential as none:
        _save_draft(answer, item, closed=False)
        return Outcome(Kind.NO_CREDENTIAL, item, lost=none.lost)
    return _begin(answer, viewer, item, credential, existing)


def _begin(
    answer: Answer,
    viewer: Viewer,
    item: Interaction,
    credential: RequestCredential,
    existing: Attempt | None,
) -> AnswerCommand | Outcome[Interaction]:
    """Store the attempt; an outcome where somebody else is answering."""
    sent_before = existing is not None and attempts.is_for(existing, item) and existing.sent
    try:
        attempt = attempts.begin(
            reviewer=answer.reviewer,
            item=item,
            value=answer.value,
            comment=answer.comment,
            operation_id=answer.operation_id,
            credential=credential,
            existing=existing,
            origin=answer.origin,
            typed_in=answer.typed_in,
        )
    except Busy as busy:
        _save_draft(answer, item, closed=False)
        return Outcome(Kind.PROCESSING, item, underway=busy.underway)
    resent = attempt is existing and sent_before
    return AnswerCommand(attempt, viewer, item, credential, resent=resent)


def _accepted(
    attempt: Attempt, viewer: Viewer, item: Interaction, snapshot: Snapshot | None = None
) -> Outcome[Interaction]:
    if attempt.state == Attempt.State.ANSWERED:
        return answered(item)
    return AnswerCommand(attempt, viewer, item).on_repeated(snapshot)


def _already_sent(answer: Answer, viewer: Viewer, item: Interaction) -> bool:
    """Whether the same value and comment were sent from here before, and have arrived."""
    reviewer = answer.reviewer
    arrived = attempts.sent_from_here(
        reviewer, viewer, item, value=answer.value, comment=answer.comment
    )
    if arrived:
        draft.drop(reviewer=reviewer, interaction_id=item.mobius_id)
    return arrived


def _find(answer: Answer) -> ViewerAndItem:
    viewer = viewer_of(answer.reviewer.user)
    return viewer, find_asked(viewer, answer.interaction_id)


def _save_draft(answer: Answer, item: Interaction, *, closed: bool) -> None:
    typed = draft.as_form_values(answer.value)
    draft.keep(
        answer.reviewer,
        item,
        values=typed,
        comment=answer.comment,
        closed=closed,
        typed_in=answer.typed_in,
    )


def _commands_in(state: Attempt.State) -> list[AnswerCommand]:
    upstream = Upstream.present()
    commands = []
    rows = Attempt.objects.filter(state=state, upstream=upstream)
    for attempt in rows.select_related("reviewer__user", "upstream").order_by("created_at"):
        item = Interaction.objects.filter(
            upstream=upstream, mobius_id=attempt.interaction_id
        ).first()
        if item is not None:
            viewer = viewer_of(attempt.reviewer.user)
            commands.append(AnswerCommand(attempt, viewer, item, unknown=True))
    return commands


def _settle_unconfirmed() -> None:
    """Settle unconfirmed attempts by the mirror alone: their questions are not read any more."""
    for unconfirmed in _commands_in(Attempt.State.UNCONFIRMED):
        unconfirmed.on_recheck(None)


def _settle(unknown: AnswerCommand, snapshot: Snapshot) -> None:
    lost = unknown.on_recheck(snapshot).kind is Kind.NOT_RECORDED
    if lost and unknown.attempt.created_at < timezone.now() - GIVE_UP_AFTER:
        attempts.refuse(unknown.attempt, observed.NEVER_ARRIVED)
