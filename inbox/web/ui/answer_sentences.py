from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.answering.observed import is_outside
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.underway import Underway, own_answer, sent_to
from inbox.models import Interaction
from inbox.people.names import names_of
from inbox.web.ui.answers import (
    after_mine,
    answer_words,
    answered_outside,
    closing_sentence,
    progress,
)
from inbox.web.ui.labels import quoted
from inbox.web.ui.messages import sentences
from inbox.web.ui.people import People
from inbox.web.ui.when import at

NAMED = 40
"""The most characters of a title in a message, which has two lines on a phone."""


@dataclass(frozen=True)
class UnderwayNotice:
    mine: bool
    title: str
    text: str


def underway_notice(
    underway: Underway, item: Interaction, *, received: Collection[str] = ()
) -> UnderwayNotice:
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
    checkers = [check["actor_id"] for check in item.checks]
    ids = [item.responder_id, *item.answered_by, *checkers]
    people = People(names_of(item.upstream, ids), viewer.mobius_id)
    sentence = closing_sentence(item, people, timezone.now())
    if item.status == "in_review":
        return _("This was answered and is being reviewed")
    if item.closed_unanswered:
        return sentence  # two of them
    if sentence:
        return sentence.rstrip(".")
    return _("This question is %(status)s") % {"status": item.status or _("closed")}


def already_answered_title(viewer: Viewer, item: Interaction) -> str:
    previous = own_answer(viewer, item)
    answer = answer_words(item.questions, previous.answers).line.rstrip(". ")
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


def done_words(outcome: Outcome[Interaction], viewer: Viewer) -> tuple[str, str]:
    """Title and text for an answer that Mobius has."""
    item = outcome.subject
    received = sent_to(viewer.user_id, item).received
    if outcome.kind is Kind.RECEIVED:
        return _("Answer received"), _what_follows(item, received)
    if outcome.kind is Kind.PENDING_OTHERS:
        parts = _still_needed(viewer, item, received)
    else:
        parts = (_all_have_answered(item), closed_words(item))
    return _sent(viewer, item), sentences(*parts)


def _sent(viewer: Viewer, item: Interaction) -> str:
    words = answer_words(item.questions, own_answer(viewer, item).answers)
    if words.tone:
        return words.text
    chosen = words.line.rstrip(". ")
    sent = _("Answer sent: %(answer)s") % {"answer": quoted(chosen)}
    return sent if chosen else _("Answer sent")


def _all_have_answered(item: Interaction) -> str:
    counts = progress(item)
    if counts is None or counts[1] < 2:
        return ""
    count = counts[1]
    everyone = ngettext("%(count)s has answered.", "All %(count)s have answered.", count)
    return everyone % {"count": count}


def closed_words(item: Interaction) -> str:
    if item.in_review:
        return _("It's now being reviewed.")
    return _("The run has resumed.") if item.run_id else _("The question is closed.")


def _still_needed(viewer: Viewer, item: Interaction, received: Collection[str]) -> tuple[str, ...]:
    people = People(names_of(item.upstream, item.members or ()), viewer.mobius_id)
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


def with_title(item: Interaction, text: str) -> str:
    """For a message that is shown beside another question."""
    return _("“%(title)s” · %(text)s") % {"title": short_title(item), "text": text}


def short_title(item: Interaction) -> str:
    return Truncator(item.display_title).chars(NAMED)
