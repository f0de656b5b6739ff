"""A run as it was: its events folded, oldest first, up to one of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from inbox.mobius.types import EventKind

RUN, STEP, INTERACTION = (
    kind.value for kind in (EventKind.RUN, EventKind.STEP, EventKind.INTERACTION)
)
ENDED = ("completed", "failed", "cancelled")


class Logged(Protocol):
    """What is read of an event's row."""

    @property
    def kind(self) -> str:
        """An ``EventKind``."""

    @property
    def seq(self) -> int:
        """Its number."""

    @property
    def at(self) -> datetime | None:
        """When it was."""

    @property
    def data(self) -> dict[str, Any]:
        """What it tells."""


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
    told: Logged | None = None
    last: Logged | None = None
    since: datetime | None = None
    steps: dict[str, tuple[Logged, datetime | None]] = {}
    questions: dict[str, QuestionThen] = {}
    for event in events:
        last = event
        if event.kind == RUN:
            if told is None or told.data.get("status") != event.data.get("status"):
                since = event.at
            told = event
        elif event.kind == STEP:
            _step(steps, event)
        elif event.kind == INTERACTION:
            _question(questions, steps, event)
    said = told.data if told is not None else {}
    return Moment(
        seq=last.seq if last is not None else 0,
        at=last.at if last is not None else None,
        status=str(said.get("status") or ""),
        since=since,
        error_type=str(said.get("error_type") or ""),
        error_message=str(said.get("error_message") or ""),
        steps={name: _step_then(name, *known) for name, known in steps.items()},
        questions=questions,
    )


def _step(steps: dict[str, tuple[Logged, datetime | None]], event: Logged) -> None:
    """Keep the newest event of a step, and when its attempt began."""
    name = str(event.data.get("step") or "")
    had, started = steps.pop(name, (None, None))
    if had is None or had.data.get("attempt") != event.data.get("attempt"):
        started = None
    if started is None and event.data.get("status") != "pending":
        started = event.at
    steps[name] = (event, started)


def _step_then(name: str, event: Logged, started: datetime | None) -> StepThen:
    said = event.data
    status = str(said.get("status") or "")
    return StepThen(
        name=name,
        kind=str(said.get("kind") or ""),
        status=status,
        attempt=int(said.get("attempt") or 0),
        started_at=started,
        ended_at=event.at if status in ENDED else None,
    )


def _question(
    questions: dict[str, QuestionThen],
    steps: dict[str, tuple[Logged, datetime | None]],
    event: Logged,
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


def _at_work(steps: dict[str, tuple[Logged, datetime | None]]) -> str:
    running = [name for name, (event, _) in steps.items() if event.data.get("status") == "running"]
    return running[-1] if running else ""
