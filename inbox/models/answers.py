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
