"""Callbacks for new answers and changed questions, called inside the projection's transaction."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.models import Interaction, Run, Upstream


@dataclass(frozen=True)
class MirroredAnswer:
    """``item`` is a row as just written, ``response`` one of its ``responses``."""

    item: Interaction
    user_id: str
    response: dict[str, Any]

    @property
    def round(self) -> int:
        return int(self.response["round"])

    @property
    def at(self) -> datetime:
        return self.item.time_of(self.response)

    @classmethod
    def all_of(cls, item: Interaction) -> list["MirroredAnswer"]:
        answers = ((answer.get("user_id"), answer) for answer in item.responses or ())
        return [cls(item, user_id, answer) for user_id, answer in answers if user_id]


@dataclass(frozen=True)
class QuestionChange:
    """A question as it was, None if it is new, and as it was just written."""

    before: Interaction | None
    after: Interaction


@dataclass(frozen=True)
class RunChange:
    """A run as it was, None if it is new, and as it was just written."""

    before: Run | None
    after: Run


AnswersObserver = Callable[[Upstream, Sequence[MirroredAnswer]], None]
QuestionsObserver = Callable[[Upstream, Collection[str]], None]
ChangesObserver = Callable[[Upstream, Sequence[QuestionChange]], None]
RunsObserver = Callable[[Upstream, Sequence[RunChange]], None]

_of_answers: list[AnswersObserver] = []
_of_questions: list[QuestionsObserver] = []
_of_changes: list[ChangesObserver] = []
_of_runs: list[RunsObserver] = []
"""The observers in this process. Each process registers the same ones at its start."""


def on_answers(observer: AnswersObserver) -> None:
    """Safe to repeat. The observer runs in the projection's transaction, which has locked the
    upstream's row; an exception rolls that back.
    """
    if observer not in _of_answers:
        _of_answers.append(observer)


def on_questions(observer: QuestionsObserver) -> None:
    if observer not in _of_questions:
        _of_questions.append(observer)


def on_changes(observer: ChangesObserver) -> None:
    if observer not in _of_changes:
        _of_changes.append(observer)


def on_runs(observer: RunsObserver) -> None:
    if observer not in _of_runs:
        _of_runs.append(observer)


def notify(
    upstream: Upstream,
    answers: Sequence[MirroredAnswer],
    questions: Collection[str],
    changes: Sequence[QuestionChange],
    runs: Sequence[RunChange],
) -> None:
    if changes:
        for of_changes in _of_changes:
            of_changes(upstream, changes)
    if answers:
        for of_answers in _of_answers:
            of_answers(upstream, answers)
    if questions:
        for of_questions in _of_questions:
            of_questions(upstream, questions)
    if runs:
        for of_runs in _of_runs:
            of_runs(upstream, runs)
