from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.access import Viewer
from inbox.answering import claiming
from inbox.answering.batch_runner import UNCERTAIN
from inbox.answering.nudge import EVERY
from inbox.answering.outcome import Kind, Outcome
from inbox.mobius.types import PolicyKind
from inbox.models import Group, Interaction, Run
from inbox.people.names import names_of
from inbox.upstream import groups, run_control
from inbox.web.ui import outcomes
from inbox.web.ui.answer_sentences import (
    already_answered_title,
    closed_title,
    closed_words,
    done_words,
    short_title,
    underway_notice,
)
from inbox.web.ui.claims import claimed_by_another_words
from inbox.web.ui.labels import listed, run_name, run_status
from inbox.web.ui.messages import Message, sentences
from inbox.web.ui.people import People
from inbox.web.ui.when import at, clock


def answer_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    """``draft_saved``: a text was typed, and the server has it."""
    item, kind = outcome.subject, outcome.kind
    if outcome.done and kind is not Kind.WAITING:
        return Message(outcome, *done_words(outcome, viewer))
    operation = outcomes.ANSWER if item.takes_one_answer else outcomes.SHARED_ANSWER
    if kind is Kind.RATE_LIMITED:
        not_recorded = outcomes.ANSWER_NOT_RECORDED
        unchanged = not_recorded if outcome.checked else outcomes.ANSWER_NOT_CONFIRMED
        operation = replace(operation, unchanged=unchanged)
    return operation.message(outcome, _about(outcome, viewer), saved=_saved(draft_saved))


def review_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    item, operation = outcome.subject, outcomes.REVIEW
    if outcome.kind is Kind.RATE_LIMITED:
        not_recorded = outcomes.REVIEW_NOT_RECORDED
        unchanged = not_recorded if outcome.checked else outcomes.REVIEW_NOT_CONFIRMED
        operation = replace(operation, unchanged=unchanged)
    by = item.checks[-1]["actor_id"] if item.checks else None
    people = People(names_of(item.upstream, [*item.people_asked, by]))
    facts = {
        "effect": closed_words(item),
        "names": listed(people.objects(item.people_asked)),
        "title": closed_title(viewer, item),
        "back": _("%(name)s asked for changes.") % {"name": people.full(by)} if by else "",
    }
    return operation.message(outcome, facts, saved=_saved(draft_saved))


def claim_message(
    outcome: Outcome[Interaction], viewer: Viewer, *, draft_saved: bool = False
) -> Message:
    operation = outcomes.CLAIM if outcome.verb == claiming.Verb.CLAIM else outcomes.RELEASE
    words = None if outcome.checked else outcomes.CLAIM_UNCONFIRMED
    facts, saved = _about(outcome, viewer), _saved(draft_saved)
    return operation.message(outcome, facts, saved=saved, words=words)


def undo_message(outcome: Outcome[Interaction], *, sees: bool) -> Message:
    """``sees``: the question is still there for the viewer."""
    words = outcomes.UNDONE_WITH_TITLE if outcome.kind is Kind.UNDONE and sees else None
    return outcomes.UNDO.message(outcome, {"title": short_title(outcome.subject)}, words=words)


def typed_message(undos: Sequence[Outcome[Interaction]]) -> str:
    undone = sum(outcome.kind is Kind.UNDONE for outcome in undos)
    sent = [outcome.subject for outcome in undos if outcome.kind is Kind.TOO_LATE]
    if not undone and not sent:
        return str(undo_message(undos[0], sees=True))
    looked = _("That looked like typing.")
    if undone:
        looked = ngettext(
            "That looked like typing, so your last answer wasn't sent.",
            "That looked like typing, so your last %(count)s answers weren't sent.",
            undone,
        ) % {"count": undone}
    if not sent:
        return looked
    gone = ngettext(
        "One had already been sent: %(titles)s.",
        "%(count)s had already been sent: %(titles)s.",
        len(sent),
    )
    titles = listed([_("“%(text)s”") % {"text": short_title(item)} for item in sent])
    return sentences(looked, gone % {"count": len(sent), "titles": titles})


def cancel_message(outcome: Outcome[Interaction]) -> Message:
    title = outcomes.CLOSED.get(outcome.subject.state, _("The question is closed"))
    return outcomes.CANCEL_QUESTION.message(outcome, {"title": title})


def nudge_message(outcome: Outcome[Interaction], now: datetime) -> Message:
    last = outcome.at or now
    time = last + EVERY if outcome.kind is Kind.TOO_SOON else last
    facts = {
        "name": outcome.person,
        "id": outcome.user_id,
        "time": clock(time),
        "when": at(last, now),
        "title": outcomes.CLOSED.get(outcome.subject.state, _("The question is closed")),
    }
    return outcomes.NUDGE.message(outcome, facts)


def run_message(outcome: Outcome[Run]) -> Message:
    run = outcome.subject
    facts = {
        "run": run_name(run.workflow, run.mobius_id),
        "signal": outcome.signal,
        "name": run.confirmation_text,
        "status": run_status(run.state).label,
    }
    typed_id = _("That isn't the run's ID")
    facts["wrong_name"] = _("That isn't the workflow's name") if run.workflow else typed_id
    facts["ended"] = _ended(run) % facts
    if run.status == "failed":
        facts["not_retryable"] = _("A limit ended the run, so it would only stop again")
    else:
        facts["not_retryable"] = _("The run hasn't failed: its status is “%(status)s”") % facts
    if outcome.verb == run_control.Verb.CANCEL:
        return outcomes.CANCEL.message(outcome, facts)
    if outcome.verb == run_control.Verb.RETRY:
        return outcomes.RETRY.message(outcome, facts)
    return outcomes.SIGNAL.message(outcome, facts, saved=_("Your text is still in this tab."))


def group_message(outcome: Outcome[Group]) -> Message:
    facts = {"person": outcome.person, "group": outcome.subject.name, "id": outcome.user_id}
    facts["change"] = _changed(outcome) % facts
    facts["already_so"] = _already_so(outcome) % facts
    shown_later = outcome.kind is Kind.CHANGED and not outcome.checked
    words = outcomes.GROUP_SHOWN_LATER if shown_later else None
    return outcomes.GROUP.message(outcome, facts, words=words)


def returned_words(reason: str) -> str:
    if reason in outcomes.NOT_SENT:
        return _("Your answer wasn't sent")
    return str(outcomes.ANSWER_UNCONFIRMED)


def returned_reason(reason: str, message: str = "", *, first: str = "") -> str:
    """``message`` is Mobius', ``first`` the name of the one whose answer closed the question."""
    if reason == Kind.CLOSED and first:
        return _("%(name)s answered it first.") % {"name": first}
    if reason == Kind.NOT_ACCEPTED and message:
        return _("Mobius didn't accept it: %(reason)s.") % {"reason": message.rstrip(".")}
    return str(outcomes.RETURNED.get(reason, outcomes.UNCONFIRMED))


def batch_reason(kind: str, message: str) -> str:
    if kind in UNCERTAIN:
        return _("We couldn't confirm that Mobius received it.")
    return returned_reason(kind, message)


def claim_left_words(outcome: Outcome[Interaction]) -> str:
    if outcome.kind is Kind.NO_CREDENTIAL and outcome.lost:
        return _("No key decrypts the member token.")
    if outcome.kind in outcomes.CLAIM_LEFT:
        return str(outcomes.CLAIM_LEFT[outcome.kind])
    return outcomes.mobius_says(outcome) or str(outcomes.NOT_SENT[Kind.NOT_ACCEPTED])


def _saved(draft_saved: bool) -> str:
    return _("Your draft is saved.") if draft_saved else ""


def _about(outcome: Outcome[Interaction], viewer: Viewer) -> dict[str, str]:
    """Title and first sentence, if they say what others or the viewer did."""
    item = outcome.subject
    match outcome.kind:
        case Kind.PROCESSING if outcome.underway is not None:
            notice = underway_notice(outcome.underway, item)
            return {"title": notice.title, "text": notice.text}
        case Kind.ALREADY_ANSWERED:
            return {"title": already_answered_title(viewer, item)}
        case Kind.CLOSED:
            return {"title": closed_title(viewer, item)}
        case Kind.CLAIMED_BY_ANOTHER:
            title, text = claimed_by_another_words(item)
            return {"title": title, "text": text}
        case Kind.ANOTHER_OWNER:
            return {"person": outcome.person}
        case _:
            return {}


def _ended(run: Run) -> str:
    if run.cancelled:
        return _("%(run)s had already been cancelled")
    if run.status == "completed":
        return _("%(run)s had already completed")
    if run.status == "failed":
        return _("%(run)s had already failed")
    return _("%(run)s had already ended")


def _changed(outcome: Outcome[Group]) -> str:
    if outcome.verb == groups.Verb.ADDED:
        return _("%(person)s was added to %(group)s")
    if outcome.verb == groups.Verb.REMOVED:
        return _("%(person)s was removed from %(group)s")
    if outcome.routing == PolicyKind.ANY:
        return _("Routing for %(group)s is now “First to answer”")
    return _("Routing for %(group)s is now “All members”")


def _already_so(outcome: Outcome[Group]) -> str:
    if outcome.verb == groups.Verb.ADDED:
        return _("%(person)s is already in %(group)s")
    return _("%(person)s is no longer in %(group)s")
