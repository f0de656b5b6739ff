"""Answering once.

Check access, then one transaction that writes draft and attempt, then the POST, then one
transaction that projects what came back, logs the decision, settles the attempt and drops the
draft. A POST that may have arrived is never sent again by itself: the question is read, and the
outcome tells what is true.
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
from inbox.services.confirming import confirming
from inbox.services.draft import NOWHERE, NotAsked, TypedIn, asked_item
from inbox.services.look_up import Snapshot, look_up
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Kind, Outcome
from inbox.services.seen import Seen

__all__ = ["NotAsked", "look", "respond", "settle_open", "what_is_true"]

log = logging.getLogger(__name__)

GIVE_UP = timedelta(minutes=5)
"""After this an attempt whose question is still open has not arrived."""

ACCEPTED = (Attempt.State.ANSWERED, Attempt.State.ACCEPTED)
"""An operation that comes again and has got this far is not sent again."""

Found = tuple[Viewer, Interaction]
"""Somebody, and a question that ``asked_item`` has given them."""

_turns: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class Answer:
    """What a person wants to send, and what they had before them."""

    reviewer: Reviewer
    interaction_id: str
    value: Any
    comment: str
    operation_id: str
    seen: Seen
    origin: Origin
    typed_in: TypedIn = NOWHERE
    found: Found | None = None


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
    found: Found | None = None,
) -> Outcome[Interaction]:
    """Answer the question as ``reviewer``, and say what is true after that.

    ``value`` is the JSON value, of the question's mode. ``operation_id`` makes a repeated call
    one answer with one outcome. ``seen`` is what was on the page, ``origin`` where it was sent
    from, ``typed_in`` the form. ``found`` is the question where the caller has just looked it up
    for the same person. Each may be missing. Raises ``NotAsked``.
    """
    turn = _turn(reviewer, interaction_id)
    found = None if turn.locked() else found
    seen = seen or Seen()
    answer = Answer(
        reviewer, interaction_id, value, comment, operation_id, seen, origin, typed_in, found
    )
    async with locked(turn):
        ready = await sync_to_async(_prepare)(answer, look=True)
        if isinstance(ready, AnswerCommand) and ready.unknown:
            snapshot = await _look_up(interaction_id)
            outcome = await sync_to_async(ready.on_recheck)(snapshot)
            if outcome.kind is not Kind.NOT_RECORDED:
                return outcome
            ready = await sync_to_async(_prepare)(answer, look=False)
        outcome = await execute(ready)
    if isinstance(ready, AnswerCommand) and outcome.kind is Kind.RECEIVED:
        confirming.add(ready.attempt.pk)
    return outcome


async def what_is_true(
    *, reviewer: Reviewer, interaction_id: str, seen: Seen | None = None
) -> Outcome[Interaction] | None:
    """Why no answer at all can be taken now, whatever its value; None where one can.

    Reads the question where Mobius answers, for a closed one is closed, and a changed one changed,
    before a value is wrong. Raises ``NotAsked``.
    """
    viewer = await sync_to_async(viewer_of)(reviewer.user)
    item = await sync_to_async(asked_item)(viewer, interaction_id)
    snapshot = await _look_up(interaction_id) if item.pending else None
    return await sync_to_async(answer_command.why_not)(viewer, item, snapshot, seen or Seen())


async def look(
    *, reviewer: Reviewer, interaction_id: str, operation_id: str, seen: Seen | None = None
) -> Outcome[Interaction]:
    """What became of an answer whose outcome never reached the person who sent it.

    Reads the question and sends nothing. ``NOT_RECORDED`` where the answer is not in and can be
    sent again. An answer that is being sent just now is waited for. Raises ``NotAsked``.
    """
    async with locked(_turn(reviewer, interaction_id)):
        viewer = await sync_to_async(viewer_of)(reviewer.user)
        item = await sync_to_async(asked_item)(viewer, interaction_id)
        snapshot = await _look_up(interaction_id)
        attempt = await sync_to_async(attempts.find)(reviewer, operation_id)
        return await sync_to_async(_looked)((viewer, item), attempt, snapshot, seen or Seen())


def _looked(
    found: Found, attempt: Attempt | None, snapshot: Snapshot | None, seen: Seen
) -> Outcome[Interaction]:
    viewer, item = found
    if attempt is None or not attempts.is_at(attempt, item):
        outcome = answer_command.why_not(viewer, item, snapshot, seen)
        return outcome or Outcome(Kind.NOT_RECORDED, item)
    if attempt.state in ACCEPTED:
        return _accepted(attempt, viewer, item, snapshot)
    return AnswerCommand(attempt, viewer, item, unknown=True).on_recheck(snapshot)


async def settle_open() -> None:
    """Find out what became of every attempt that nobody knows of. At start, and every minute."""
    await sync_to_async(_settle_unconfirmed)()
    for unknown in await sync_to_async(_all)(Attempt.State.OPEN):
        async with _turn(unknown.attempt.reviewer, unknown.attempt.interaction_id):
            try:
                snapshot = await look_up(unknown.attempt.interaction_id)
            except MobiusError as error:
                log.info("open attempts wait: %s", error)
                return
            await sync_to_async(_settle)(unknown, snapshot)


def _turn(reviewer: Reviewer, interaction_id: str) -> asyncio.Lock:
    """One answer of one person to one question at a time; the next one sees how it ended."""
    return _turns.setdefault((reviewer.pk, interaction_id), asyncio.Lock())


async def _look_up(interaction_id: str) -> Snapshot | None:
    try:
        return await look_up(interaction_id)
    except MobiusError:
        return None


def _prepare(answer: Answer, *, look: bool) -> AnswerCommand | Outcome[Interaction]:
    """All that comes before the POST: an outcome where there is nothing to send.

    ``look``: where an earlier POST of the same operation may have arrived, that one is returned,
    to be looked for before another is sent.
    """
    reviewer = answer.reviewer
    viewer, item = (answer.found if look else None) or _find(answer)
    named = attempts.find(reviewer, answer.operation_id)
    earlier = named if named is not None and attempts.is_at(named, item) else None
    if earlier is not None and earlier.state in ACCEPTED:
        return _accepted(earlier, viewer, item)
    if earlier is not None and earlier.state == Attempt.State.OPEN and look:
        return AnswerCommand(earlier, viewer, item, unknown=True)
    closed = answer_command.already_closed(viewer, item)
    if closed is not None and closed.kind is Kind.ALREADY_MINE and _is_in(answer, viewer, item):
        return answered(item)
    if closed is not None or answer.seen.another_question_than(item):
        _keep(answer, item, closed=closed is not None)
        return closed or Outcome(Kind.QUESTION_CHANGED, item)
    try:
        credential = credential_for(reviewer, item)
    except NoCredential as none:
        _keep(answer, item, closed=False)
        return Outcome(Kind.NO_CREDENTIAL, item, lost=none.lost)
    return _write_down(answer, viewer, item, credential, named)


def _write_down(
    answer: Answer,
    viewer: Viewer,
    item: Interaction,
    credential: RequestCredential,
    named: Attempt | None,
) -> AnswerCommand | Outcome[Interaction]:
    """The attempt, before it is sent; an outcome where somebody else is answering."""
    sent_before = named is not None and attempts.is_at(named, item) and named.sent
    try:
        attempt = attempts.begin(
            reviewer=answer.reviewer,
            item=item,
            value=answer.value,
            comment=answer.comment,
            operation_id=answer.operation_id,
            credential=credential,
            named=named,
            origin=answer.origin,
            typed_in=answer.typed_in,
        )
    except Busy as busy:
        _keep(answer, item, closed=False)
        return Outcome(Kind.PROCESSING, item, underway=busy.underway)
    resent = attempt is named and sent_before
    return AnswerCommand(attempt, viewer, item, credential, resent=resent)


def _accepted(
    attempt: Attempt, viewer: Viewer, item: Interaction, snapshot: Snapshot | None = None
) -> Outcome[Interaction]:
    if attempt.state == Attempt.State.ANSWERED:
        return answered(item)
    return AnswerCommand(attempt, viewer, item).on_repeated(snapshot)


def _is_in(answer: Answer, viewer: Viewer, item: Interaction) -> bool:
    """The same value and comment were sent from here before, and have arrived."""
    reviewer = answer.reviewer
    arrived = attempts.made_here(reviewer, viewer, item, value=answer.value, comment=answer.comment)
    if arrived:
        draft.drop(reviewer=reviewer, interaction_id=item.mobius_id)
    return arrived


def _find(answer: Answer) -> Found:
    viewer = viewer_of(answer.reviewer.user)
    return viewer, asked_item(viewer, answer.interaction_id)


def _keep(answer: Answer, item: Interaction, *, closed: bool) -> None:
    typed = draft.typed_as(answer.value)
    draft.keep(
        answer.reviewer,
        item,
        values=typed,
        comment=answer.comment,
        closed=closed,
        typed_in=answer.typed_in,
    )


def _all(state: Attempt.State) -> list[AnswerCommand]:
    upstream = Upstream.present()
    unknown = []
    rows = Attempt.objects.filter(state=state, upstream=upstream)
    for attempt in rows.select_related("reviewer__user", "upstream").order_by("created_at"):
        item = Interaction.objects.filter(
            upstream=upstream, mobius_id=attempt.interaction_id
        ).first()
        if item is not None:
            viewer = viewer_of(attempt.reviewer.user)
            unknown.append(AnswerCommand(attempt, viewer, item, unknown=True))
    return unknown


def _settle_unconfirmed() -> None:
    """What the mirror shows by now is enough: these questions are not read on."""
    for unconfirmed in _all(Attempt.State.UNCONFIRMED):
        unconfirmed.on_recheck(None)


def _settle(unknown: AnswerCommand, snapshot: Snapshot) -> None:
    lost = unknown.on_recheck(snapshot).kind is Kind.NOT_RECORDED
    if lost and unknown.attempt.created_at < timezone.now() - GIVE_UP:
        attempts.refuse(unknown.attempt, observed.NEVER_ARRIVED)
