import json
from collections.abc import Sequence

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from inbox.answering.draft import FormAnswer
from inbox.mobius.types import Question, QuestionAnswer
from inbox.models import Draft, Interaction
from inbox.models.answers import OTHER_CHOSEN, Typed, as_typed
from inbox.web.questions.forms import AnswerForm, form_for, questions_of
from inbox.web.questions.parts import Part
from inbox.web.ui.answers import labelled, value_words
from inbox.web.ui.people import People


def typed_words(questions: Sequence[Question], typed: Typed) -> str:
    """As it was typed if it is not a valid answer yet. Of several, each has a line."""
    form = form_for(questions, MultiValueDict(typed))
    if form is None:
        return _joined(*typed.values())
    form.is_valid()
    words = []
    for part in form.parts:
        texts = (typed.get(part.value_name, []), typed.get(part.other_name, []))
        if any(texts):
            answer = form.given.get(part.value_name)
            text = _joined(*texts) if answer is None else _answer_words(part, answer)
            words.append(labelled(part.question.prompt, text) if len(form.parts) > 1 else text)
    # The question has changed since.
    gone = [texts for name, texts in typed.items() if name not in form.fields]
    return "\n".join(filter(None, (*words, _joined(*gone))))


def _joined(*texts: list[str]) -> str:
    return ", ".join(text for part in texts for text in part if text not in ("", OTHER_CHOSEN))


def _answer_words(part: Part, answer: QuestionAnswer) -> str:
    if part.mode == "confirm":
        return _("Approve") if answer.value else _("Reject")
    question = part.question.model_dump()
    return value_words(question, answer.content, other=answer.other).text


def text_of(typed: Draft | FormAnswer, item: Interaction | None) -> str:
    """A draft's earlier text comes after its own."""
    questions = questions_of(item) if item is not None else []
    earlier = _earlier_words(questions, typed) if isinstance(typed, Draft) else ""
    return "\n\n".join(filter(None, (_text(questions, typed.values, typed.comment), earlier)))


def _text(questions: Sequence[Question], values: Typed, comment: str) -> str:
    return "\n\n".join(filter(None, (typed_words(questions, values), comment)))


def _earlier_words(questions: Sequence[Question], draft: Draft) -> str:
    if draft.earlier_values is None:
        return ""
    earlier = _text(questions, draft.earlier_values, draft.earlier_comment)
    return _("Earlier text: %(earlier)s") % {"earlier": earlier}


def unsent_text(
    questions: Sequence[Question], draft: Draft | None, form: AnswerForm | None, mine: str
) -> dict[str, str] | None:
    """From the submitted form, or else the draft. Text equal to ``mine`` has arrived."""
    if form is not None and form.is_bound:
        typed, comment = form.typed, form.shown_comment
    elif draft is not None:
        typed, comment = draft.values, draft.comment
    else:
        return None
    if mine and FormAnswer(*json.loads(mine)).is_text(typed, comment):
        return None
    earlier = _earlier_words(questions, draft) if draft is not None else ""
    text = "\n\n".join(filter(None, (_text(questions, typed, comment), earlier)))
    base = draft.base if draft is not None else ""
    return {"value": typed_words(questions, typed), "text": text, "base": base} if text else None


def own_answer_json(item: Interaction, people: People) -> str:
    """Fields as a form has them, and the comment; empty without an answer."""
    for response in item.current_responses:
        if people.is_viewer(response.get("user_id")):
            typed = as_typed(item.questions, response["answers"])
            return json.dumps([typed, response.get("comment") or ""])
    return ""
