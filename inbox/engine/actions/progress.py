"""How a run moves: each function changes rows and logs events within one unit."""

from typing import Any

from inbox.engine import clock, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.unit import Unit
from inbox.engine.models import Interaction, Run, Step

_WAIT = ("wait_kind", "wait_signal", "wait_interaction_id", "wake_at", "fires_at")


def resume(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    """Complete the step that the run waits in, and queue the run."""
    complete_step(unit, run, step, output)
    run.status = Run.Status.QUEUED
    _clear_wait(run)
    run.fires_at = unit.now
    save_run(unit, run, "status", "position", "step_counts", *_WAIT)
    unit.due(unit.now)


def complete_step(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    """Complete the step and move the run to the next one. The caller saves the run."""
    step.output = output
    _close_step(unit, run, step, Step.Status.COMPLETED)
    run.position += 1


def fail(unit: Unit, run: Run, step: Step, *, reason: str, message: str) -> None:
    """Fail the step and the run. ``reason`` is the step's error type."""
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
    """Finish the run: its pending questions expire and its running step is cancelled."""
    pending = Interaction.objects.filter(run=run, status=Interaction.Status.PENDING)
    for interaction in pending.order_by("created_at", "pk"):
        expire_interaction(unit, interaction)
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
    """Write the run's ``fields`` without an event: the step's event reports the change."""
    run.updated_at = clock.later(unit.now, run.updated_at)
    rows.update(run, *fields, "updated_at")


def save_interaction(unit: Unit, interaction: Interaction, event: str, *fields: str) -> None:
    """Write the interaction's ``fields`` and log ``event``."""
    interaction.updated_at = clock.later(unit.now, interaction.updated_at)
    rows.update(interaction, *fields, "updated_at")
    unit.emit(event, interaction.run_id, payloads.interaction(interaction))


def expire_interaction(unit: Unit, interaction: Interaction) -> None:
    interaction.status = Interaction.Status.EXPIRED
    interaction.fires_at = None
    save_interaction(unit, interaction, "interaction_expired", "status", "fires_at")


def count_step(run: Run, status: Step.Status, by: int = 1) -> None:
    """Change the run's number of steps with a status. The caller saves the run."""
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
