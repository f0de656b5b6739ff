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
from inbox.live.watching import watching
from inbox.mobius.errors import MobiusError
from inbox.models import Attempt, Interaction, Reviewer, Upstream
from inbox.page_slots import locked
from inbox.reviewers.clients import Means, NoCredential, means_of
from inbox.services import attempts, conclusion, draft, observed, words
from inbox.services.attempts import Busy, Reading
from inbox.services.conclusion import Sending
from inbox.services.confirming import confirming
from inbox.services.draft import NOWHERE, NotAsked, TypedIn, asked_item
from inbox.services.look_up import look_up, patience_after
from inbox.services.origin import BACKGROUND, Origin
from inbox.services.outcome import Kind, Outcome
from inbox.services.seen import Seen

__all__ = ["NotAsked", "look", "respond", "settle_open", "what_is_true"]

log = logging.getLogger(__name__)

GIVE_UP = timedelta(minutes=5)
"""After this an attempt whose question is still open has not arrived."""

TAKEN = (Attempt.State.ANSWERED, Attempt.State.ACCEPTED)
"""An operation that comes again and has got this far is not sent again."""

Asked = tuple[Viewer, Interaction]
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
    asked: Asked | None = None


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
    asked: Asked | None = None,
) -> Outcome:
    """Answer the question as ``reviewer``, and say what is true after that.

    ``value`` is the JSON value, of the question's mode. ``operation_id`` makes a repeated call
    one answer with one outcome. ``seen`` is what was on the page, ``origin`` where it was sent
    from, ``typed_in`` the form. ``asked`` is the question where the caller has just looked it up
    for the same person. Each may be missing. Raises ``NotAsked``.
    """
    turn = _turn(reviewer, interaction_id)
    asked = None if turn.locked() else asked
    seen = seen or Seen()
    answer = Answer(
        reviewer, interaction_id, value, comment, operation_id, seen, origin, typed_in, asked
    )
    async with locked(turn):
        ready = await sync_to_async(_prepare)(answer, look=True)
        if isinstance(ready, Sending) and ready.unknown:
            outcome = await _look_again(ready)
            if outcome is not None:
                return outcome
            ready = await sync_to_async(_prepare)(answer, look=False)
        return await _send(ready) if isinstance(ready, Sending) else ready


async def what_is_true(
    *, reviewer: Reviewer, interaction_id: str, seen: Seen | None = None
) -> Outcome | None:
    """Why no answer at all can be taken now, whatever its value; None where one can.

    Reads the question where Mobius answers, for a closed one is closed, and a changed one changed,
    before a value is wrong. Raises ``NotAsked``.
    """
    viewer = await sync_to_async(viewer_of)(reviewer.user)
    item = await sync_to_async(asked_item)(viewer, interaction_id)
    try:
        reading = await look_up(interaction_id) if item.pending else None
    except MobiusError:
        reading = None
    return await sync_to_async(conclusion.why_not)(viewer, item, reading, seen or Seen())


async def look(
    *, reviewer: Reviewer, interaction_id: str, operation_id: str, seen: Seen | None = None
) -> Outcome:
    """What became of an answer whose outcome never reached the person who sent it.

    Reads the question and sends nothing. ``STILL_OPEN`` where the answer is not in and can be sent
    again. An answer that is being sent just now is waited for. Raises ``NotAsked``.
    """
    async with locked(_turn(reviewer, interaction_id)):
        viewer = await sync_to_async(viewer_of)(reviewer.user)
        item = await sync_to_async(asked_item)(viewer, interaction_id)
        try:
            reading: Reading | None = await look_up(interaction_id)
        except MobiusError:
            reading = None
        attempt = await sync_to_async(attempts.find)(reviewer, operation_id)
        return await sync_to_async(_looked)((viewer, item), attempt, reading, seen or Seen())


def _looked(asked: Asked, attempt: Attempt | None, reading: Reading | None, seen: Seen) -> Outcome:
    viewer, item = asked
    if attempt is None or not attempts.is_at(attempt, item):
        outcome = conclusion.why_not(viewer, item, reading, seen)
    elif attempt.state in TAKEN:
        return _taken(attempt, viewer, item, reading)
    else:
        outcome = conclusion.looked(Sending(attempt, viewer, item, unknown=True), reading)
    return outcome or words.not_recorded(item)


async def settle_open() -> None:
    """Find out what became of every attempt that nobody knows of. At start, and every minute."""
    await sync_to_async(_settle_unconfirmed)()
    for unknown in await sync_to_async(_all)(Attempt.State.OPEN):
        async with _turn(unknown.attempt.reviewer, unknown.attempt.interaction_id):
            try:
                reading = await look_up(unknown.attempt.interaction_id)
            except MobiusError as error:
                log.info("open attempts wait: %s", error)
                return
            await sync_to_async(_settle)(unknown, reading)


def _turn(reviewer: Reviewer, interaction_id: str) -> asyncio.Lock:
    """One answer of one person to one question at a time; the next one sees how it ended."""
    return _turns.setdefault((reviewer.pk, interaction_id), asyncio.Lock())


def _prepare(answer: Answer, *, look: bool) -> Sending | Outcome:
    """All that comes before the POST: an outcome where there is nothing to send.

    ``look``: where an earlier POST of the same operation may have arrived, that one is returned,
    to be looked for before another is sent.
    """
    reviewer = answer.reviewer
    viewer, item = (answer.asked if look else None) or _asked(answer)
    named = attempts.find(reviewer, answer.operation_id)
    earlier = named if named is not None and attempts.is_at(named, item) else None
    unknown = earlier is not None and earlier.state == Attempt.State.OPEN
    if earlier is not None and earlier.state in TAKEN:
        return _taken(earlier, viewer, item)
    if earlier is not None and unknown and look:
        return Sending(earlier, viewer, item, unknown=True)
    over = conclusion.over(viewer, item)
    if over is not None and over.kind is Kind.ALREADY_MINE and _is_in(answer, viewer, item):
        return words.answered(viewer, item)
    if over is not None or answer.seen.another_question_than(item):
        _keep(answer, item, closed=over is not None)
        return over or words.question_changed(item)
    try:
        means = means_of(reviewer, item)
    except NoCredential as none:
        _keep(answer, item, closed=False)
        return words.no_credential(item, lost=none.lost)
    return _write_down(answer, viewer, item, means, named)


def _write_down(
    answer: Answer, viewer: Viewer, item: Interaction, means: Means, named: Attempt | None
) -> Sending | Outcome:
    """The attempt, before it is sent; an outcome where somebody else is answering."""
    sent_before = named is not None and attempts.is_at(named, item) and named.sent
    try:
        attempt = attempts.begin(
            reviewer=answer.reviewer,
            item=item,
            value=answer.value,
            comment=answer.comment,
            operation_id=answer.operation_id,
            means=means,
            named=named,
            origin=answer.origin,
            typed_in=answer.typed_in,
        )
    except Busy as busy:
        _keep(answer, item, closed=False)
        return words.processing(item, busy.underway)
    resent = attempt is named and sent_before
    return Sending(attempt, viewer, item, means=means, resent=resent)


def _taken(
    attempt: Attempt, viewer: Viewer, item: Interaction, reading: Reading | None = None
) -> Outcome:
    if attempt.state == Attempt.State.ANSWERED:
        return words.answered(viewer, item)
    return conclusion.still_accepted(Sending(attempt, viewer, item), reading)


def _is_in(answer: Answer, viewer: Viewer, item: Interaction) -> bool:
    """The same value and comment were sent from here before, and have arrived."""
    reviewer = answer.reviewer
    arrived = attempts.made_here(reviewer, viewer, item, value=answer.value, comment=answer.comment)
    if arrived:
        draft.drop(reviewer=reviewer, interaction_id=item.mobius_id)
    return arrived


def _asked(answer: Answer) -> Asked:
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


async def _send(sending: Sending) -> Outcome:
    """The POST, once, and what follows from its answer."""
    attempt = sending.attempt
    if sending.means is None:
        raise ValueError("an attempt that was not prepared")
    try:
        told = await sending.means.client().respond(
            attempt.interaction_id, value=attempt.value, comment=attempt.comment or None
        )
    except MobiusError as error:
        return await _after_failure(sending, error)
    finally:
        watching.acted()
    reading = None if told is None else Reading(told.id, told)
    outcome = await sync_to_async(conclusion.taken)(sending, reading)
    if outcome.kind is Kind.RECEIVED:
        confirming.add(attempt.pk)
    return outcome


async def _after_failure(sending: Sending, error: MobiusError) -> Outcome:
    if conclusion.never_left(error):
        return await sync_to_async(conclusion.not_sent)(sending)
    try:
        reading: Reading | None = await look_up(
            sending.attempt.interaction_id, within=patience_after(error)
        )
    except MobiusError:
        reading = None
    return await sync_to_async(conclusion.failed)(sending, error, reading)


async def _look_again(unknown: Sending) -> Outcome | None:
    """What became of an attempt that may have arrived; None where the question is still open."""
    try:
        reading: Reading | None = await look_up(unknown.attempt.interaction_id)
    except MobiusError:
        reading = None
    return await sync_to_async(conclusion.looked)(unknown, reading)


def _all(state: Attempt.State) -> list[Sending]:
    upstream = Upstream.present()
    unknown = []
    rows = Attempt.objects.filter(state=state, upstream=upstream)
    for attempt in rows.select_related("reviewer__user", "upstream").order_by("created_at"):
        item = Interaction.objects.filter(
            upstream=upstream, mobius_id=attempt.interaction_id
        ).first()
        if item is not None:
            viewer = viewer_of(attempt.reviewer.user)
            unknown.append(Sending(attempt, viewer, item, unknown=True))
    return unknown


def _settle_unconfirmed() -> None:
    """What the mirror shows by now is enough: these questions are not read on."""
    for each in _all(Attempt.State.UNCONFIRMED):
        conclusion.looked(each, None)


def _settle(unknown: Sending, reading: Reading) -> None:
    outcome = conclusion.looked(unknown, reading)
    if outcome is None and unknown.attempt.created_at < timezone.now() - GIVE_UP:
        attempts.refuse(unknown.attempt, observed.NEVER_ARRIVED)
