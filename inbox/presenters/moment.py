"""A run as it was: its events folded, oldest first, up to one of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from inbox.mobius.types import EventKind

ENDED = ("completed", "failed", "cancelled")


class Logged(Protocol):
    """What is read of an event's row."""

    kind: str
    type: str
    seq: int
    at: datetime | None
    data: dict[str, Any]


@dataclass(frozen=True)
class StepThen:
    """A step's newest attempt."""

    name: str
    kind: str
    status: str
    attempt: int
    started_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class QuestionThen:
    """A question. ``by_step`` is the step that was at work when it was asked."""

    id: str
    title: str
    status: str
    target_type: str
    target: str
    claimed_by: str
    answers: int
    by_step: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True)
class Moment:
    """``status`` is empty before the first event that tells it."""

    seq: int = 0
    at: datetime | None = None
    status: str = ""
    since: datetime | None = None
    error_type: str = ""
    error_message: str = ""
    steps: dict[str, StepThen] = field(default_factory=dict)
    questions: dict[str, QuestionThen] = field(default_factory=dict)

    @property
    def open(self) -> tuple[QuestionThen, ...]:
        """What could be answered then."""
        return tuple(one for one in self.questions.values() if one.status == "pending")


def fold(events: Iterable[Logged]) -> Moment:
    """The state after the last of ``events``, which come oldest first."""
    state = Moment()
    steps: dict[str, StepThen] = {}
    questions: dict[str, QuestionThen] = {}
    for event in events:
        match event.kind:
            case EventKind.RUN:
                state = _run(state, event)
            case EventKind.STEP:
                _step(steps, event)
            case EventKind.INTERACTION:
                _question(questions, steps, event)
        state = replace(state, seq=event.seq, at=event.at)
    return replace(state, steps=steps, questions=questions)


def _run(state: Moment, event: Logged) -> Moment:
    status = str(event.data.get("status") or "")
    return replace(
        state,
        status=status,
        since=state.since if status == state.status else event.at,
        error_type=str(event.data.get("error_type") or ""),
        error_message=str(event.data.get("error_message") or ""),
    )


def _step(steps: dict[str, StepThen], event: Logged) -> None:
    said = event.data
    name, attempt = str(said.get("step") or ""), int(said.get("attempt") or 0)
    status = str(said.get("status") or "")
    had = steps.pop(name, None)
    started = had.started_at if had is not None and had.attempt == attempt else None
    if started is None and status != "pending":
        started = event.at
    steps[name] = StepThen(
        name=name,
        kind=str(said.get("kind") or ""),
        status=status,
        attempt=attempt,
        started_at=started,
        ended_at=event.at if status in ENDED else None,
    )


def _question(
    questions: dict[str, QuestionThen], steps: dict[str, StepThen], event: Logged
) -> None:
    said = event.data
    id_ = str(said.get("interaction") or "")
    had = questions.get(id_)
    questions[id_] = QuestionThen(
        id=id_,
        title=str(said.get("title") or ""),
        status=str(said.get("status") or ""),
        target_type=str(said.get("target_type") or ""),
        target=str(said.get("target") or ""),
        claimed_by=str(said.get("claimed_by") or ""),
        answers=int(said.get("answers") or 0),
        by_step=had.by_step if had is not None else _at_work(steps),
        asked_at=had.asked_at if had is not None else event.at,
    )


def _at_work(steps: dict[str, StepThen]) -> str:
    running = [step.name for step in steps.values() if step.status == "running"]
    return running[-1] if running else ""
