"""Messages about an answer, a claim or a release."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.models import Interaction
from inbox.people.names import names_of
from inbox.services.answer_state import Underway, own_answer, sent_to
from inbox.services.claiming import Verb
from inbox.services.observed import is_outside
from inbox.services.outcome import Kind, Outcome
from inbox.web.ui.answers import (
    after_mine,
    answered_outside,
    closing_sentence,
    progress,
    question_of,
    value_words,
)
from inbox.web.ui.claims import claimed_by_another_words
from inbox.web.ui.labels import quoted
from inbox.web.ui.messages import (
    Message,
    mobius_says,
    saved_draft_words,
    sentences,
    try_again,
    upstream_problem,
)
from inbox.web.ui.people import People
from inbox.web.ui.when import at

NAMED = 40
"""The most characters of a title in a message, which has two lines on a phone."""


@dataclass(frozen=True)
class UnderwayNotice:
    """A notice about an answer that keeps the viewer from answering now. ``mine``: it is the
    viewer's.
    """

    mine: bool
    title: str
    text: str


def answer_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    """``draft_saved``: a text was typed, and the server has it."""
    item, saved = outcome.subject, saved_draft_words(draft_saved)
    not_sent = _("Your answer wasn't sent.")
    unchanged = not_sent
    if outcome.kind is Kind.RATE_LIMITED:
        unconfirmed = _("We couldn't confirm that your answer was received.")
        unchanged = _("Your answer wasn't recorded.") if outcome.checked else unconfirmed
    problem = upstream_problem(outcome, unchanged, token_use=_token_use(item), saved=saved)
    if problem is not None:
        return problem
    if outcome.done:
        return _done(outcome, viewer)
    parts: tuple[str, ...] = (not_sent, saved)
    match outcome.kind:
        case Kind.PROCESSING if outcome.underway is not None:
            notice = underway_notice(outcome.underway, item)
            title, parts = notice.title, (notice.text, not_sent, saved)
        case Kind.ALREADY_ANSWERED:
            title = _answered_before(viewer, item)
        case Kind.CLOSED:
            title = closed_title(viewer, item)
        case Kind.CLAIMED_BY_ANOTHER:
            title, text = claimed_by_another_words(item)
            parts = (text, not_sent, saved)
        case Kind.QUESTION_CHANGED:
            title = _("The question has changed since you opened it")
            parts = (_("Nothing was sent. Review it again before you answer."), saved)
        case Kind.STILL_OPEN:
            title = _("We couldn't confirm that your answer was received")
            still_open = _(
                "Mobius returned an error or didn't respond, and the question is still open."
            )
            parts = (still_open, saved, _("You can send it again. It will only count once."))
        case Kind.NOT_RECORDED:
            title = _("The question is still open")
            parts = (_("Your answer wasn't recorded."), saved)
        case Kind.UNCONFIRMED:
            title = _("We couldn't confirm that your answer was received")
            checking = _(
                "We check with Mobius every minute. You can also send it again; it will only count "
                "once."
            )
            parts = (saved, checking)
        case _:
            title = _("Mobius didn't accept this answer")
            parts = (mobius_says(outcome), saved)
    return Message(outcome, title, sentences(*parts))


def _done(outcome: Outcome[Interaction], viewer: Viewer) -> Message:
    item = outcome.subject
    if outcome.kind is Kind.WAITING:
        return Message(outcome, _("Your answer will be sent"), _("You can undo it until then."))
    received = sent_to(viewer.user_id, item).received
    if outcome.kind is Kind.RECEIVED:
        return Message(outcome, _("Answer received"), _what_follows(item, received))
    if outcome.kind is Kind.PENDING_OTHERS:
        parts = _still_needed(viewer, item, received)
    else:
        parts = (_all_have_answered(item), _closed(item))
    return Message(outcome, _sent(viewer, item), sentences(*parts))


def underway_notice(
    underway: Underway, item: Interaction, *, received: Collection[str] = ()
) -> UnderwayNotice:
    """The notice shown in place of the form until then. ``received``: as in ``progress``."""
    if underway.mine and underway.accepted_at is None:
        text = _("It hasn't been sent yet. Undo it to answer differently.")
        return UnderwayNotice(True, _("You've already answered this"), text)
    if underway.mine:
        return UnderwayNotice(True, _("Answer received"), _what_follows(item, received))
    facts = {"name": underway.name}
    if underway.accepted_at is None:
        title = _("%(name)s is answering this") % facts
        text = _("If that answer wasn't received, you can answer.")
        return UnderwayNotice(False, title, text)
    facts["when"] = at(underway.accepted_at, timezone.now())
    title = _("%(name)s answered this %(when)s") % facts
    return UnderwayNotice(False, title, _("Mobius is still processing the answer."))


def closed_title(viewer: Viewer, item: Interaction) -> str:
    """Who gave which answer and when, or how else the question closed."""
    people = People(names_of([item.responder_id, *item.answered_by]), viewer.mobius_id)
    sentence = closing_sentence(item, people, timezone.now())
    if item.status == "expired":
        return sentence  # two of them
    if sentence:
        return sentence.rstrip(".")
    return _("This question is %(status)s") % {"status": item.status or _("closed")}


def _sent(viewer: Viewer, item: Interaction) -> str:
    question, value = question_of(item), own_answer(viewer, item).value
    if question.get("mode") == "confirm" and isinstance(value, bool):
        return _("Approved") if value else _("Rejected")
    chosen = value_words(question, value).line.rstrip(". ")
    sent = _("Answer sent: %(answer)s") % {"answer": quoted(chosen)}
    return sent if chosen else _("Answer sent")


def _answered_before(viewer: Viewer, item: Interaction) -> str:
    previous = own_answer(viewer, item)
    answer = value_words(question_of(item), previous.value).line.rstrip(". ")
    facts = {"when": at(previous.at, timezone.now()) if previous.at else "", "answer": answer}
    if is_outside(item, viewer.mobius_id):
        return answered_outside(**facts).rstrip(".")
    if previous.at and answer:
        return _("You answered this %(when)s: %(answer)s") % facts
    if previous.at:
        return _("You answered this %(when)s") % facts
    if answer:
        return _("You answered this: %(answer)s") % facts
    return _("You answered this")


def _all_have_answered(item: Interaction) -> str:
    counts = progress(item)
    if counts is None or counts[1] < 2:
        return ""
    count = counts[1]
    everyone = ngettext("%(count)s has answered.", "All %(count)s have answered.", count)
    return everyone % {"count": count}


def _closed(item: Interaction) -> str:
    return _("The run has resumed.") if item.run_id else _("The question is closed.")


def _still_needed(viewer: Viewer, item: Interaction, received: Collection[str]) -> tuple[str, ...]:
    """How many have answered, and who is still missing. ``received``: as in ``progress``."""
    people = People(names_of(item.members or ()), viewer.mobius_id)
    if not item.policy_is_known:
        return (after_mine(item, people),)
    counts = progress(item, received=received)
    if counts is None:
        return (_("Others still have to answer."),)
    answered = ngettext(
        "Yours is the first of %(total)s answers.",
        "%(count)s of %(total)s have answered, including you.",
        counts[0],
    )
    progress_sentence = answered % {"count": counts[0], "total": counts[1]}
    return progress_sentence, after_mine(item, people, received=received)


def _what_follows(item: Interaction, received: Collection[str]) -> str:
    if not item.policy_is_known:
        return _("Mobius may still be processing it, or others may have to answer.")
    have, needed = progress(item, received=received) or (0, 1)
    if item.takes_one_answer or have >= needed:
        return _("Mobius is still processing it.")
    return _("Others still have to answer.")


def _token_use(item: Interaction) -> str:
    if item.takes_one_answer:
        return _("Mobius uses it to record your answers under your name.")
    return _("Everyone who was asked has to answer this with their own token.")


def with_title(item: Interaction, text: str) -> str:
    """``text`` after the question's title, for a message that is shown beside another question."""
    return _("“%(title)s” · %(text)s") % {"title": _short_title(item), "text": text}


def _short_title(item: Interaction) -> str:
    return Truncator(item.display_title).chars(NAMED)


def undo_message(outcome: Outcome[Interaction], *, sees: bool) -> Message:
    """``sees``: whether the question is still there for the viewer."""
    match outcome.kind:
        case Kind.UNDONE if sees:
            title, text = _("Undone"), _("Your answer to “%(title)s” wasn't sent.")
            text %= {"title": _short_title(outcome.subject)}
        case Kind.UNDONE:
            title, text = _("Undone"), _("Your answer wasn't sent.")
        case Kind.TOO_LATE:
            title, text = _("It's too late to undo this"), _("Your answer has already been sent.")
        case _:
            title = _("There's nothing to undo")
            text = _("You don't have an answer waiting to be sent.")
    return Message(outcome, title, text)


def claim_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    """``draft_saved``: the answer form was sent along with a text, and the server has it."""
    item, claims = outcome.subject, outcome.verb == Verb.CLAIM
    saved = saved_draft_words(draft_saved)
    unchanged = _("Nothing was changed.")
    token_use = _("Mobius uses it to record who claimed a question.")
    if not outcome.checked:
        return Message(outcome, *_unconfirmed_claim(outcome, saved))
    problem = upstream_problem(outcome, unchanged, token_use=token_use, saved=saved)
    if problem is not None:
        return problem
    parts: tuple[str, ...] = (saved,)
    match outcome.kind:
        case Kind.CLAIMED:
            title = _("You claimed this question")
            parts = (_("Others can view it, but only you can answer until you release it."),)
        case Kind.RELEASED:
            title = _("You released this question")
            parts = (_("Anyone in the group can claim it."),)
        case Kind.CLAIMED_BY_ANOTHER:
            title, text = claimed_by_another_words(item)
            parts = (text, saved)
        case Kind.CLOSED:
            title = closed_title(viewer, item)
        case Kind.NO_CLAIMS:
            title = _("This question can't be claimed")
            parts = (_("Everyone who was asked has to answer it."), saved)
        case Kind.NOT_RECORDED if claims:
            title = _("The question is still open")
            parts = (_("Your claim wasn't recorded."), saved)
        case Kind.NOT_RECORDED:
            title = _("The question is still claimed by you")
            parts = (_("Your release wasn't recorded."), saved)
        case Kind.STILL_OPEN if claims:
            title, parts = _("The question is still unclaimed"), (saved, _("Try again."))
        case Kind.STILL_OPEN:
            title = _("The question is still claimed by you")
            parts = (saved, _("Try again to release it."))
        case _:
            title, parts = _("Mobius didn't allow this"), (mobius_says(outcome), saved)
    return Message(outcome, title, sentences(*parts))


def _unconfirmed_claim(outcome: Outcome[Interaction], saved: str) -> tuple[str, str]:
    title = _("We couldn't confirm that Mobius received this")
    shown = _("This page will show who has claimed it as soon as Mobius responds.")
    return title, sentences(saved, shown, try_again(outcome))
