"""How a run moves: each function changes rows and logs events within one unit."""

from typing import Any

from inbox.engine import clock, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.unit import Unit
from inbox.engine.models import Interaction, Run, Step

_WAIT = ("wait_kind", "wait_signal", "wait_interaction_id", "wake_at", "fires_at")


def resume(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    """What ``run`` waited for has come: its step is done, the run is queued."""
    complete_step(unit, run, step, output)
    run.status = Run.Status.QUEUED
    _clear_wait(run)
    run.fires_at = unit.now
    save_run(unit, run, "status", "position", "step_counts", *_WAIT)
    unit.due(unit.now)


def complete_step(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    """The step is done; the run, which the caller saves, stands at the next one."""
    step.output = output
    _close_step(unit, run, step, Step.Status.COMPLETED)
    run.position += 1


def fail(unit: Unit, run: Run, step: Step, *, reason: str, message: str) -> None:
    """The step failed, and so did the run. ``reason`` is the step's error type."""
    step.error_type, step.error_message = reason, message
    _close_step(unit, run, step, Step.Status.FAILED)
    end(
        unit,
        run,
        Run.Status.FAILED,
        error_type="step_failed",
        message=f"Step {step.step_name}: {message}",
    )


def end(
    unit: Unit,
    run: Run,
    status: Run.Status,
    *,
    error_type: str | None = None,
    message: str | None = None,
) -> None:
    """The run is over: what it still asks expires, a step that was under way is cancelled."""
    open_items = Interaction.objects.filter(run=run, status=Interaction.Status.PENDING)
    for item in open_items.order_by("created_at", "pk"):
        expire_item(unit, item)
    for step in Step.objects.filter(run=run, status=Step.Status.RUNNING):
        _close_step(unit, run, step, Step.Status.CANCELLED)
    run.status = status
    run.error_type, run.error_message = error_type, message
    run.completed_at = unit.now
    _clear_wait(run)
    save_run(
        unit,
        run,
        *("status", "position", "step_counts", "error_type", "error_message", "completed_at"),
        *_WAIT,
    )


def save_run(unit: Unit, run: Run, *fields: str) -> None:
    """Write the run's ``fields`` and log its change."""
    write_run(unit, run, *fields)
    unit.emit("run_updated", run.id, payloads.run(run))


def write_run(unit: Unit, run: Run, *fields: str) -> None:
    """Write the run's ``fields``; what happened is told by the step's event."""
    run.updated_at = clock.later(unit.now, run.updated_at)
    rows.update(run, *fields, "updated_at")


def save_item(unit: Unit, item: Interaction, event: str, *fields: str) -> None:
    """Write the interaction's ``fields`` and log ``event``."""
    item.updated_at = clock.later(unit.now, item.updated_at)
    rows.update(item, *fields, "updated_at")
    unit.emit(event, item.run_id, payloads.interaction(item))


def expire_item(unit: Unit, item: Interaction) -> None:
    """Nobody can answer it any more."""
    item.status = Interaction.Status.EXPIRED
    item.fires_at = None
    save_item(unit, item, "interaction_expired", "status", "fires_at")


def count_step(run: Run, status: Step.Status, by: int = 1) -> None:
    """Keep the run's number of steps of a status."""
    run.step_counts[status.value] = run.step_counts.get(status.value, 0) + by


def _close_step(unit: Unit, run: Run, step: Step, status: Step.Status) -> None:
    count_step(run, Step.Status.RUNNING, -1)
    count_step(run, status)
    step.status = status
    step.completed_at = unit.now
    step.updated_at = clock.later(unit.now, step.updated_at)
    rows.update(
        step, "status", "output", "error_type", "error_message", "completed_at", "updated_at"
    )
    unit.emit("run_step_updated", run.id, payloads.step(step))


def _clear_wait(run: Run) -> None:
    run.wait_kind = run.wait_signal = run.wait_interaction_id = None
    run.wake_at = run.fires_at = None
