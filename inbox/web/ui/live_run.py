from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.lib.instants import read_instant
from inbox.models import Run, Step
from inbox.web.ui.labels import label
from inbox.web.ui.script_words import Phrase
from inbox.web.ui.when import is_instant

_ENDS = {
    "completed": ("done", "done"),
    "failed": ("bad", "failed"),
    "cancelled": ("bad", "cancelled"),
}


_WORK = ("agent", "action", "loop", "cleanup")
"""Kinds of steps that do something: in B a run is suspended while they do."""


@dataclass(frozen=True)
class Stop:
    """``state`` is ``done``, ``now`` (waits), ``busy``, ``bad`` or ``next``."""

    name: str
    state: str
    icon: str
    phrase: Phrase | None = None

    @property
    def current(self) -> bool:
        return self.state in ("now", "busy")


def track(run: Run, steps: Iterable[Step]) -> tuple[Stop, ...]:
    """Each step of the plan with its newest attempt; without a plan, the steps so far."""
    newest = {step.name: step for step in steps}
    plan: Sequence[dict[str, Any]] = run.plan or [
        {"name": step.name, "kind": step.kind} for step in newest.values()
    ]
    if not newest and run.status != "queued":
        names = (label(str(planned.get("name") or "")) for planned in plan)
        return tuple(Stop(name, "next", "dashed") for name in names)
    return tuple(_stop(run, planned, newest.get(str(planned.get("name")))) for planned in plan)


def _stop(run: Run, planned: dict[str, Any], step: Step | None) -> Stop:
    name = label(str(planned.get("name") or ""))
    kind = str(planned.get("kind") or (step.kind if step is not None else ""))
    if step is not None and step.status in _ENDS:
        state, icon = _ENDS[step.status]
        return Stop(name, state, icon, _ended(step))
    if step is None or step.status == "pending":
        return Stop(name, "next", "dashed", Phrase("not_reached" if run.finished else "upcoming"))
    if step.status == "skipped":
        return Stop(name, "next", "dashed", Phrase("step_skipped"))
    if run.finished:
        # The run has reached it, but its result is not known yet.
        return Stop(name, "next", "dashed")
    start = step.started_at or step.created_at
    if run.status != "suspended" or kind in _WORK:
        return Stop(name, "busy", "play", Phrase("step_running", since=start))
    if kind != "sleep":
        phrase = Phrase("step_waiting", since=start)
    elif (until := sleeps_until(run)) is not None:
        phrase = Phrase("step_sleeping_until", at=until)
    else:
        phrase = Phrase("step_sleeping", since=start)
    return Stop(name, "now", "pause", phrase)


def sleeps_until(run: Run) -> datetime | None:
    """None while it waits for a signal or an answer: the time is a limit then."""
    if run.status != "suspended" or not isinstance(run.wait, dict):
        return None
    if run.wait.get("signals") or run.wait.get("interaction_ids"):
        return None
    wakes = run.wait.get("wakes_at")
    return read_instant(wakes) if isinstance(wakes, str) else None


def _ended(step: Step) -> Phrase:
    if step.started_at is None or step.completed_at is None:
        return Phrase(f"step_{step.status}")
    seconds = (step.completed_at - step.started_at).total_seconds()
    if step.status != "completed" and is_instant(seconds):
        return Phrase(f"step_{step.status}_immediately")
    return Phrase(f"step_{step.status}_after", seconds=seconds)


@dataclass(frozen=True)
class LiveRun:
    """``status`` is Mobius' word, ``state`` is what is shown."""

    id: str
    status: str
    state: str
    stops: tuple[Stop, ...]


def live_head(run: Run) -> dict[str, Any]:
    steps = list(run.steps.defer("raw"))
    stops = track(run, steps)
    return {"live": LiveRun(run.mobius_id, run.status, run.state, stops), "steps": steps}
