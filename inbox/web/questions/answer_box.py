from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.forms import Form
from django.utils.translation import gettext as _

from inbox.access import Refusal
from inbox.answering import guard
from inbox.answering.awaited_releases import is_awaited
from inbox.answering.draft import NOWHERE, TypedIn, draft_of, has_text, text_beside
from inbox.answering.underway import Sent
from inbox.mobius.types import Question
from inbox.models import Draft, Guard, Interaction
from inbox.people import credentials, service_key
from inbox.people.credentials import Token
from inbox.web.questions.drafts import own_answer_json, text_of, unsent_text
from inbox.web.questions.forms import (
    AnswerForm,
    LastAnswers,
    form_for,
    last_answers,
    questions_of,
)
from inbox.web.questions.suggestions import Suggestion, is_about, suggestion_of
from inbox.web.ui.answer_sentences import underway_notice
from inbox.web.ui.answers import effect
from inbox.web.ui.held import (
    HeldAnswer,
    answer_in_batch,
    held_answer,
)
from inbox.web.ui.outcome_messages import returned_reason, returned_words
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.request import typed_in as typed_in_of
from inbox.web.ui.when import at as at_words


def answer_box(
    request: ReviewerRequest,
    item: Interaction,
    *,
    people: People,
    now: datetime,
    version: str,
    refusal: Refusal | None,
    closed: bool,
    sent: Sent,
    submitted: AnswerForm | None,
) -> dict[str, Any]:
    """``item`` is as the viewer may see it. ``refusal``: why the viewer can't answer; ``closed``:
    why no one can.
    """
    viewer, questions = request.viewer, questions_of(item)
    mine, draft = own_answer_json(item, people), draft_of(viewer, item)
    unsent = unsent_text(questions, draft, submitted, mine)
    shown = {"mine": mine, "to_read": _to_read(item, questions)}
    if closed or refusal is not None:
        claimed = not closed and refusal is Refusal.CLAIMED_BY_ANOTHER
        return {
            **shown,
            "can_act": True,
            "unsent": unsent,
            "read_only": form_for(questions) if claimed else None,
            "awaited": claimed and is_awaited(viewer, item),
        }
    token = credentials.state_of(viewer.user_id, request.upstream)
    by_key = token is Token.NONE and service_key.may_answer(request.user.reviewer, item)
    has_token = token in (Token.GOOD, Token.REFUSED)
    box = {**shown, "token": token, "can_act": has_token}
    held = _held(request, item, sent, now)
    if held is not None:
        return {**box, "held": held}
    box |= {"by_key": by_key, "no_token": not has_token and not by_key}
    if sent.underway is not None:
        underway = underway_notice(sent.underway, item, received=sent.received)
        return {**box, "unsent": unsent, "underway": underway}
    if box["no_token"]:
        return {**box, "unsent": unsent}
    if form_for(questions) is None:
        return {**box, "unsent": unsent, "unsupported": True}
    form = _form(request, item, questions, draft, version=version, submitted=submitted)
    return {
        **box,
        **form,
        "effect": effect(item, people, received=sent.received),
        "guard": _guard(request, item, now, form["suggestion"]),
        "confirm_from": guard.confirm_from(request.user.reviewer, item),
        "returned": _returned(sent, draft),
        "unconfirmed": _unconfirmed(sent, now),
    }


def _to_read(item: Interaction, questions: Sequence[Question]) -> Sequence[Question]:
    """For a page without the form; empty if the heading asks it all."""
    asked = {item.display_title, ""}
    said = len(questions) < 2 and all(
        question.prompt in asked and not question.description for question in questions
    )
    return () if said else questions


def _form(
    request: ReviewerRequest,
    item: Interaction,
    questions: Sequence[Question],
    draft: Draft | None,
    *,
    version: str,
    submitted: AnswerForm | None,
) -> dict[str, Any]:
    """``earlier`` is typed text that the form doesn't show. ``last`` fills it until there is
    a draft of this round.
    """
    typed_in = typed_in_of(request) if is_about(request, item) else NOWHERE
    suggestion = suggestion_of(request, item)
    of_round = draft is not None and draft.round == item.round
    last = None if of_round else last_answers(item, request.viewer.mobius_id)
    if suggestion is not None and submitted is None:
        in_form = draft is not None and typed_in.holds(draft)
        # A suggested comment leaves the last answers where they are.
        instead = last if suggestion.answer else None
        suggestion = suggestion.placed(draft if last is None else instead, in_form=in_form)
    form = submitted or form_for(
        questions,
        draft=_shown_draft(suggestion, draft, last),
        last=last,
        shown_version=version,
        reason_to_reject=item.needs_reason_to_reject,
    )
    if form is not None and submitted is None and is_about(request, item):
        form.ask_first(request.GET.get("confirm", ""))
    earlier = earlier_text(item, draft, typed_in, form) if form is not None else ""
    return {"form": form, "suggestion": suggestion, "earlier": earlier, "last": last}


def _shown_draft(
    suggestion: Suggestion | None, draft: Draft | None, last: LastAnswers | None
) -> Suggestion | Draft | None:
    if suggestion is not None and suggestion.shown:
        return suggestion
    return draft if last is None else None


def _guard(
    request: ReviewerRequest, item: Interaction, now: datetime, suggestion: Suggestion | None
) -> Guard:
    suggested = suggestion is not None and not suggestion.empty
    return guard.guard_of(request.user.reviewer, item, now, suggested=suggested)


def earlier_text(item: Interaction, draft: Draft | None, typed_in: TypedIn, form: Form) -> str:
    """``typed_in`` is the form that stays on a page which reloads itself."""
    if not typed_in.form:
        typed_in = TypedIn(form.initial["draft"], form.initial["operation_id"])
    beside = text_beside(draft, typed_in)
    return text_of(beside, item) if beside is not None else ""


def _held(
    request: ReviewerRequest, item: Interaction, sent: Sent, now: datetime
) -> HeldAnswer | None:
    if sent.held is not None:
        return held_answer(sent.held, item, now)
    return answer_in_batch(request.viewer, request.upstream, item, now)


def _returned(sent: Sent, draft: Draft | None) -> dict[str, Any] | None:
    """``has_text``: it had text, now in the form."""
    if not sent.returned:
        return None
    return {
        "title": returned_words(sent.returned),
        "text": returned_reason(sent.returned, sent.returned_message),
        "has_text": draft is not None and has_text(draft.values, draft.comment),
    }


def _unconfirmed(sent: Sent, now: datetime) -> str:
    at = sent.unconfirmed_at
    if at is None:
        return ""
    accepted = _("Mobius accepted your answer %(when)s, but the question is still open")
    return accepted % {"when": at_words(at, now)}
