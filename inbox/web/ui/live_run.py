"""What everyone who watches a run sees: its status, step names and times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from inbox.models import Run, Step
from inbox.web.ui.when import exact_span, is_instant, span
from inbox.web.ui.words import label

_ENDS = {
    "completed": ("done", "done"),
    "failed": ("bad", "failed"),
    "cancelled": ("bad", "cancelled"),
}


@dataclass(frozen=True)
class Stop:
    """One step. ``state`` is ``done``, ``now`` (waits), ``busy``, ``bad`` or ``next``."""

    name: str
    state: str
    icon: str
    meta: str
    since: datetime | None = None

    @property
    def current(self) -> bool:
        """Whether the run is at this step."""
        return self.state in ("now", "busy")


def track(run: Run, steps: Iterable[Step], now: datetime) -> tuple[Stop, ...]:
    """The plan's steps in order, each with its newest attempt; without a plan, the steps so far.

    Where nothing is known of any step of a run that has begun, nothing is said of how far it is.
    """
    newest: dict[str, Step] = {}
    for step in steps:
        newest[step.name] = step
    plan: Sequence[dict[str, Any]] = run.plan or [
        {"name": step.name, "kind": step.kind} for step in newest.values()
    ]
    if not newest and run.status != "queued":
        names = (label(str(planned.get("name") or _("Step"))) for planned in plan)
        return tuple(Stop(name, "next", "dashed", "") for name in names)
    return tuple(_stop(run, planned, newest.get(str(planned.get("name"))), now) for planned in plan)


def _stop(run: Run, planned: dict[str, Any], step: Step | None, now: datetime) -> Stop:
    name = label(str(planned.get("name") or _("Step")))
    kind = str(planned.get("kind") or (step.kind if step is not None else ""))
    if step is not None and step.status in _ENDS:
        state, icon = _ENDS[step.status]
        return Stop(name, state, icon, _ended(step))
    if step is None or step.status == "pending":
        return Stop(name, "next", "dashed", _("not reached") if run.finished else _("upcoming"))
    if run.finished:
        # It was reached, and what became of it has not been told.
        return Stop(name, "next", "dashed", "")
    start = step.started_at or step.created_at
    age = {"duration": span((now - start).total_seconds())}
    if run.status != "suspended":
        return Stop(name, "busy", "play", _("running %(duration)s") % age, start)
    if kind == "sleep":
        return Stop(name, "now", "pause", _("sleeping %(duration)s") % age, start)
    return Stop(name, "now", "pause", _("waiting %(duration)s") % age, start)


def _ended(step: Step) -> str:
    """How a step ended, and how long it took if known."""
    seconds = None
    if step.started_at is not None and step.completed_at is not None:
        seconds = (step.completed_at - step.started_at).total_seconds()
    took = {"duration": exact_span(seconds)} if seconds is not None else {}
    if step.status == "completed":
        return took.get("duration") or _("done")
    failed = step.status == "failed"
    if seconds is None:
        return _("failed") if failed else _("cancelled")
    if is_instant(seconds):
        return _("failed immediately") if failed else _("cancelled immediately")
    return (_("failed after %(duration)s") if failed else _("cancelled after %(duration)s")) % took


@dataclass(frozen=True)
class LiveRun:
    """The head of a run: ``runs/_live.html`` reads it under the name ``live``.

    ``status`` is the wire's word, ``state`` what is shown.
    """

    id: str
    status: str
    state: str
    stops: tuple[Stop, ...]


def live_head(run: Run, now: datetime | None = None) -> dict[str, Any]:
    """The context of ``runs/_live.html``, and the ``steps`` read for it. One query."""
    steps = list(run.steps.defer("raw"))
    stops = track(run, steps, now or timezone.now())
    return {"live": LiveRun(run.mobius_id, run.status, run.state, stops), "steps": steps}
