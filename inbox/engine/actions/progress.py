from typing import Any

from inbox.engine import clock, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.unit import Unit
from inbox.engine.models import Interaction, Run, Step
from inbox.engine.rules import times

_WAIT = ("wait_kind", "wait_signal", "wait_interaction_id", "wake_at", "fires_at")


def resume(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    complete_step(unit, run, step, output)
    run.status = Run.Status.QUEUED
    _clear_wait(run)
    run.fires_at = unit.now
    save_run(unit, run, "status", "position", "step_counts", *_WAIT)
    unit.due(unit.now)


def complete_step(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    """The caller saves the run."""
    step.output = output
    _close_step(unit, run, step, Step.Status.COMPLETED)
    run.position += 1


def fail(unit: Unit, run: Run, step: Step, *, reason: str, message: str) -> None:
    """``reason`` is the step's error type."""
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
    unanswered: Interaction.Status = Interaction.Status.EXPIRED,
) -> None:
    """``unanswered`` is what its open questions become."""
    waiting = Interaction.objects.filter(run=run, status__in=Interaction.OPEN)
    for interaction in waiting.order_by("created_at", "pk"):
        close_interaction(unit, interaction, unanswered)
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
    write_run(unit, run, *fields)
    unit.emit("run_updated", run.id, payloads.run(run))


def write_run(unit: Unit, run: Run, *fields: str) -> None:
    """Without an event: the step's event reports the change."""
    run.updated_at = clock.later(unit.now, run.updated_at)
    rows.update(run, *fields, "updated_at")


def save_interaction(unit: Unit, interaction: Interaction, event: str, *fields: str) -> None:
    interaction.updated_at = clock.later(unit.now, interaction.updated_at)
    rows.update(interaction, *fields, "updated_at")
    if interaction.in_guide:
        unit.emit(event, interaction.run_id, payloads.interaction(interaction))


def close_interaction(
    unit: Unit, interaction: Interaction, status: Interaction.Status = Interaction.Status.EXPIRED
) -> None:
    interaction.status = status
    interaction.fires_at = None
    record(unit, interaction, status.value, None, None)
    save_interaction(unit, interaction, "interaction_expired", "status", "fires_at", "lifecycle")


def record(
    unit: Unit, interaction: Interaction, action: str, actor_id: str | None, comment: str | None
) -> None:
    """Add to its lifecycle, with its new status and the round that this ends or begins."""
    entry = {
        "at": times.to_text(unit.now),
        "status": str(interaction.status),
        "action": action,
        "actor_id": actor_id,
        "comment": comment,
        "round": interaction.review_round,
    }
    interaction.lifecycle = [*interaction.lifecycle, entry]


def count_step(run: Run, status: Step.Status, by: int = 1) -> None:
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
