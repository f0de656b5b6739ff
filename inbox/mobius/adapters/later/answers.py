"""A question's form and its answers on the wire."""

from collections.abc import Sequence
from typing import Any

from inbox.mobius.adapters.form import read_form
from inbox.mobius.adapters.tolerant import integer, maybe_text, parts, sequence, text, texts
from inbox.mobius.types import ONLY_QUESTION, Question, QuestionAnswer

APPROVED, REJECTED = "approved", "rejected"
PROMPT_LENGTH = 500
TEXT_LENGTH, MULTILINE_LENGTH = 500, 4000
"""The limits of a text in a form of several questions, where it names none."""


def read_questions(type: str, spec: Any) -> tuple[Question, ...]:
    """One without a prompt if ``spec`` has a mode or is missing."""
    if not has_several(spec):
        return (read_form(type, spec),)
    return tuple(_question(parts(wire)) for wire in spec["questions"])


def has_several(spec: Any) -> bool:
    """A form of several questions, even if it has one at present."""
    return isinstance(parts(spec).get("questions"), list)


def write_form(spec: dict[str, Any], prompt: str) -> dict[str, Any]:
    """``spec`` of a single question as a form of several."""
    return {"questions": [{"id": ONLY_QUESTION, "prompt": prompt[:PROMPT_LENGTH], **spec}]}


def read_answers(content: Any, questions: Sequence[Question]) -> tuple[QuestionAnswer, ...]:
    """``content`` is the list of answers to a form of several."""
    modes = {question.id: question.mode for question in questions}
    return tuple(_answer(parts(item), modes) for item in sequence(content))


def read_value(value: Any, questions: Sequence[Question]) -> tuple[QuestionAnswer, ...]:
    """``value`` is the answer to a single question."""
    question = questions[0] if len(questions) == 1 else Question(mode="")
    return (question.answer(value),)


def write_answers(spec: Any, answers: Sequence[QuestionAnswer]) -> dict[str, Any]:
    """Raises ValueError for several answers to a single question."""
    if has_several(spec):
        return {"answers": [_written(answer) for answer in answers]}
    (answer,) = answers
    return {"value": answer.content}


def _question(wire: dict[str, Any]) -> Question:
    form = read_form("", wire)
    several, multiline = form.mode == "multi_select", form.multiline
    length = (MULTILINE_LENGTH if multiline else TEXT_LENGTH) if form.mode == "input" else None
    return form.model_copy(
        update={
            "id": text(wire.get("id")),
            "prompt": text(wire.get("prompt")),
            "description": text(wire.get("description")),
            "required": wire.get("required") is not False,
            "allow_other": wire.get("allow_other") is True,
            "min_selections": integer(wire.get("min_selections"), 1) if several else None,
            "max_selections": integer(wire.get("max_selections")) or None if several else None,
            "max_length": integer(wire.get("max_length")) or length,
        }
    )


def _answer(wire: dict[str, Any], modes: dict[str, str]) -> QuestionAnswer:
    id, value = text(wire.get("question_id")), wire.get("value")
    if modes.get(id) == "confirm" and value in (APPROVED, REJECTED):
        value = value == APPROVED
    return QuestionAnswer(
        question=id,
        value=value,
        values=texts(wire["values"]) if isinstance(wire.get("values"), list) else None,
        text=maybe_text(wire.get("text")),
        other=maybe_text(wire.get("other")),
    )


def _written(answer: QuestionAnswer) -> dict[str, Any]:
    wire: dict[str, Any] = answer.model_dump(mode="json", exclude={"question"}, exclude_none=True)
    if isinstance(answer.value, bool):
        wire["value"] = APPROVED if answer.value else REJECTED
    return {"question_id": answer.question, **wire}
