from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import rows
from inbox.engine.actions.interactions import create_from, find_interaction
from inbox.engine.actions.progress import (
    close_interaction,
    complete_step,
    count_step,
    end,
    fail,
    resume,
    save_run,
    write_run,
)
from inbox.engine.actions.runs import take_stored_signal
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Run, Step
from inbox.engine.rules import bodies, times, workflow
from inbox.engine.rules.actions import perform
from inbox.engine.rules.errors import EngineError, StepFailed
from inbox.engine.rules.interpolation import Scope, has_step_references

Due = tuple[int, str]
"""A project and the id of a row in it."""


def due_runs(*, now: datetime, limit: int) -> list[Due]:
    runs = Run.objects.filter(fires_at__lte=now).order_by("fires_at")
    return list(runs.values_list("project_id", "pk")[:limit])


def due_interactions(*, now: datetime, limit: int) -> list[Due]:
    interactions = Interaction.objects.filter(fires_at__lte=now).order_by("fires_at")
    return list(interactions.values_list("project_id", "pk")[:limit])


def earliest() -> datetime | None:
    times_due: list[datetime] = []
    for model in (Run, Interaction):
        waiting = model.objects.filter(fires_at__isnull=False).order_by("fires_at")
        times_due += [at for at in waiting.values_list("fires_at", flat=True)[:1] if at is not None]
    return min(times_due, default=None)


def expire(*, project_id: int, interaction_ids: Sequence[str], at: datetime | None = None) -> int:
    """Expire those past their deadline, fail the runs that asked them, and return their number."""
    expired = 0
    with writing(project_id, at) as unit:
        for interaction_id in interaction_ids:
            interaction = find_interaction(project_id, interaction_id)
            if interaction.fires_at is None or interaction.fires_at > unit.now:
                continue
            close_interaction(unit, interaction)
            expired += 1
            if interaction.run is not None and interaction.step is not None:
                fail(
                    unit,
                    interaction.run,
                    interaction.step,
                    reason="timeout",
                    message="it was not answered in time",
                )
    return expired


_WAIT = ("status", "wait_kind", "wait_signal", "wait_interaction_id", "wake_at", "fires_at")


def advance(*, project_id: int, run_id: str, at: datetime | None = None) -> bool:
    """Move the run by one transition. True if the next one is due at once."""
    with writing(project_id, at) as unit:
        run = rows.find(Run, id=run_id, project_id=project_id)
        if run is None or run.fires_at is None or run.fires_at > unit.now:
            return False
        match run.status:
            case Run.Status.QUEUED:
                run.status = Run.Status.RUNNING
                run.started_at = run.started_at or unit.now
                save_run(unit, run, "status", "started_at")
            case Run.Status.RUNNING if run.position < len(run.spec["steps"]):
                _take_step(unit, run, run.spec["steps"][run.position])
            case Run.Status.RUNNING:
                end(unit, run, Run.Status.COMPLETED)
            case _:
                _wake(unit, run)
        return run.status in (Run.Status.QUEUED, Run.Status.RUNNING)


def settle(*, project_id: int, run_id: str, at: datetime | None = None) -> None:
    while advance(project_id=project_id, run_id=run_id, at=at):
        pass


def abandon(*, project_id: int, run_id: str, message: str) -> None:
    """Fail a run that the engine cannot continue, with ``run_failed``."""
    with writing(project_id) as unit:
        run = Run.objects.get(pk=run_id, project_id=project_id)
        if not run.finished:
            end(unit, run, Run.Status.FAILED, error_type="run_failed", message=message)


def _wake(unit: Unit, run: Run) -> None:
    step = Step.objects.get(run=run, status=Step.Status.RUNNING)
    if run.wait_kind == Run.Wait.SLEEP:
        resume(unit, run, step, {})
    else:
        message = f"no signal {run.wait_signal} came within its time-out"
        fail(unit, run, step, reason="timeout", message=message)


def _take_step(unit: Unit, run: Run, config: dict[str, Any]) -> None:
    kind = workflow.kind_of(config)
    step = Step(
        id=ids.new("step", unit.now),
        run=run,
        step_name=config["name"],
        action=config["action"] if kind == "action" else "",
        transition_seq=run.position + 1,
        kind=Step.Kind.SERVER_ACTION if kind == "action" else Step.Kind.CONTROL,
        status=Step.Status.RUNNING,
        parameters={},
        started_at=unit.now,
        created_at=unit.now,
        updated_at=unit.now,
    )
    try:
        _ENTER[kind](unit, run, step, config)
    except StepFailed as failed:
        if step._state.adding:
            _begin(unit, run, step)
        fail(unit, run, step, reason=failed.reason, message=failed.message)


def _begin(unit: Unit, run: Run, step: Step, parameters: dict[str, Any] | None = None) -> None:
    step.parameters = parameters or {}
    rows.insert(step)
    count_step(run, Step.Status.RUNNING)
    unit.emit("run_step_updated", run.id, payloads.step(step))


def _enter_interaction(unit: Unit, run: Run, step: Step, config: dict[str, Any]) -> None:
    raw = config["interaction"]
    scope = _scope(run, [raw["message"], raw.get("context")])
    filled = {
        **raw,
        "message": scope.text(raw["message"]),
        "context": scope.fill(raw.get("context")),
    }
    _begin(unit, run, step, {name: raw[name] for name in ("type", "target", "timeout")})
    expires_at = unit.now + times.read_duration(raw["timeout"])
    try:
        sent = bodies.read(workflow.LaterInteractionConfig, filled)
        interaction = create_from(
            unit, sent, spec=raw.get("spec"), expires_at=expires_at, run=run, step=step
        )
    except EngineError as error:
        raise StepFailed(error.code, error.message) from error
    run.wait_interaction_id, run.wait_signal = interaction.id, interaction.signal_name
    _suspend(unit, run, Run.Wait.INTERACTION, wake_at=expires_at)


def _enter_wait_signal(unit: Unit, run: Run, step: Step, config: dict[str, Any]) -> None:
    wait = config["wait_signal"]
    _begin(unit, run, step, wait)
    payload = take_stored_signal(unit, run, wait["topic"])
    if payload is not None:
        _go_on(unit, run, step, payload)
        return
    timeout = wait.get("timeout")
    run.wait_signal = wait["topic"]
    run.fires_at = None if timeout is None else unit.now + times.read_duration(timeout)
    _suspend(unit, run, Run.Wait.SIGNAL, wake_at=run.fires_at)


def _enter_sleep(unit: Unit, run: Run, step: Step, config: dict[str, Any]) -> None:
    _begin(unit, run, step, config["sleep"])
    run.fires_at = unit.now + times.read_duration(config["sleep"]["duration"])
    _suspend(unit, run, Run.Wait.SLEEP, wake_at=run.fires_at)


def _enter_action(unit: Unit, run: Run, step: Step, config: dict[str, Any]) -> None:
    raw = config.get("parameters") or {}
    parameters = _scope(run, raw).fill(raw)
    try:
        bodies.check_storable(parameters)
    except EngineError as error:
        raise StepFailed(error.code, error.message) from error
    _begin(unit, run, step, parameters)
    output, line = perform(step.action, parameters, unit.now)
    unit.emit("action_appended", run.id, {"step_name": step.step_name, "line": line})
    _go_on(unit, run, step, output)


_ENTER: dict[str, Callable[[Unit, Run, Step, dict[str, Any]], None]] = {
    "interaction": _enter_interaction,
    "wait_signal": _enter_wait_signal,
    "sleep": _enter_sleep,
    "action": _enter_action,
}


def _suspend(unit: Unit, run: Run, kind: Run.Wait, *, wake_at: datetime | None) -> None:
    run.status = Run.Status.SUSPENDED
    run.wait_kind, run.wake_at = kind, wake_at
    if kind == Run.Wait.INTERACTION:
        run.fires_at = None
    save_run(unit, run, "step_counts", *_WAIT)
    if run.fires_at is not None:
        unit.due(run.fires_at)


def _go_on(unit: Unit, run: Run, step: Step, output: dict[str, Any]) -> None:
    complete_step(unit, run, step, output)
    if run.position == len(run.spec["steps"]):
        end(unit, run, Run.Status.COMPLETED)
    else:
        write_run(unit, run, "position", "step_counts")


def _scope(run: Run, templates: Any) -> Scope:
    outputs = {}
    if has_step_references(templates):
        done = Step.objects.filter(run=run, status=Step.Status.COMPLETED)
        outputs = dict(done.values_list("step_name", "output"))
    return Scope(run.inputs, outputs)
