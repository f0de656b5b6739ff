import json

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from inbox.answering.draft import FormAnswer, as_form_values
from inbox.mobius.types import Question
from inbox.models import Draft, Interaction
from inbox.models.answers import value_of
from inbox.web.questions.forms import AnswerForm, asked_question, form_for
from inbox.web.ui.answers import value_words
from inbox.web.ui.people import People


def typed_words(question: Question | None, typed: list[str]) -> str:
    """As it was typed if it is not a valid answer yet."""
    if question is not None and any(typed):
        form = form_for(question, MultiValueDict({"value": typed}))
        if form is not None and form.is_valid():
            if question.mode == "confirm":
                return _("Approve") if form.value else _("Reject")
            return value_words(question.model_dump(), form.value).text
    return ", ".join(filter(None, typed))


def text_of(typed: Draft | FormAnswer, item: Interaction | None) -> str:
    """A draft's earlier text comes after its own."""
    question = asked_question(item) if item is not None else None
    earlier = _earlier_words(question, typed) if isinstance(typed, Draft) else ""
    return "\n\n".join(filter(None, (_text(question, typed.values, typed.comment), earlier)))


def _text(question: Question | None, values: list[str], comment: str) -> str:
    value = typed_words(question, [str(value) for value in values])
    return "\n\n".join(filter(None, (value, comment)))


def _earlier_words(question: Question | None, draft: Draft) -> str:
    if draft.earlier_values is None:
        return ""
    earlier = _text(question, draft.earlier_values, draft.earlier_comment)
    return _("Earlier text: %(earlier)s") % {"earlier": earlier}


def unsent_text(
    question: Question | None, draft: Draft | None, form: AnswerForm | None, mine: str
) -> dict[str, str] | None:
    """From the submitted form, or else the draft. Text equal to ``mine`` has arrived."""
    if form is not None and form.is_bound:
        typed, comment = form.typed, form.shown_comment
    elif draft is not None:
        typed, comment = [str(value) for value in draft.values], draft.comment
    else:
        return None
    if mine and FormAnswer(*json.loads(mine)).is_text(typed, comment):
        return None
    earlier = _earlier_words(question, draft) if draft is not None else ""
    text = "\n\n".join(filter(None, (_text(question, typed, comment), earlier)))
    base = draft.base if draft is not None else ""
    return {"value": typed_words(question, typed), "text": text, "base": base} if text else None


def own_answer_json(item: Interaction, people: People) -> str:
    """Values as a form has them, and the comment; empty without an answer."""
    for response in item.current_responses:
        if people.is_viewer(response.get("user_id")):
            return json.dumps(
                [as_form_values(value_of(response["answers"])), response.get("comment") or ""]
            )
    return ""
