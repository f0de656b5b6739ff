"""Answers to the questions of an interaction, as JSON.

A list of objects with the fields of ``inbox.mobius.types.QuestionAnswer`` that are set.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from inbox.mobius.types import Question, QuestionAnswer

Answers = list[dict[str, Any]]


def as_json(answers: Iterable[QuestionAnswer]) -> Answers:
    return [answer.model_dump(mode="json", exclude_none=True) for answer in answers]


def from_json(answers: Iterable[Mapping[str, Any]]) -> tuple[QuestionAnswer, ...]:
    return tuple(QuestionAnswer.model_validate(answer) for answer in answers)


def answers_to(question: Mapping[str, Any], value: Any) -> Answers:
    """The answer ``value`` to an interaction's only question."""
    asked = Question.model_validate({"mode": "", **question})
    return as_json([asked.answer(value)])


def value_of(answers: Sequence[Mapping[str, Any]]) -> Any:
    """What an only question was answered with; several answers as they are."""
    if len(answers) == 1 and "other" not in answers[0]:
        return QuestionAnswer.model_validate(answers[0]).content
    return list(answers) or None


Typed = dict[str, list[str]]
"""What an answer form contains: the texts of its fields, by their names, without empty ones."""
OTHER_CHOSEN = "…"
"""The value of the option *Other…* of a ``select``. Its text is in a field of its own."""


def field_names(questions: Sequence[Any], id: str) -> tuple[str, str]:
    """The fields of a question in an answer form of ``questions``: its value and *Other…*."""
    suffix = f"-{id}" if len(questions) > 1 else ""
    return f"value{suffix}", f"other{suffix}"


def as_typed(questions: Sequence[Any], answers: Iterable[Mapping[str, Any]]) -> Typed:
    """An answer form that gives these answers."""
    typed: Typed = {}
    for answer in from_json(answers):
        value_name, other_name = field_names(questions, answer.question)
        texts = _texts(answer.content)
        if answer.other is not None:
            typed[other_name] = [answer.other]
            texts = [OTHER_CHOSEN] if answer.values is None else texts
        typed[value_name] = texts
    return {name: filled for name, texts in typed.items() if (filled := [*filter(None, texts)])}


def _texts(value: Any) -> list[str]:
    match value:
        case None:
            return []
        case bool():
            return ["true" if value else "false"]
        case list():
            return [str(choice) for choice in value]
        case _:
            return [str(value)]
