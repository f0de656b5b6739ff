from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import paging, rows
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.progress import close_interaction, end, resume
from inbox.engine.actions.unit import Unit, writing
from inbox.engine.models import Interaction, Run, Signal, Step
from inbox.engine.rules import bodies, errors
from inbox.engine.rules.workflow import NewLaterRun, NewRun


def start(
    *, caller: Caller, body: Any, at: datetime | None = None, later: bool = False
) -> dict[str, Any]:
    """``later`` accepts what the guide does not have. Return the unfinished run with the same
    ``external_id`` if there is one; raise 409 if it has finished. Raises 400 for a wrong body.
    """
    sent = bodies.read(NewLaterRun if later else NewRun, body)
    with writing(caller.project_id, at) as unit:
        if sent.external_id is not None:
            existing = Run.objects.filter(
                project_id=caller.project_id, external_id=sent.external_id
            ).first()
            if existing is not None:
                return _same_run(existing)
        row = Run(
            id=ids.new("run", unit.now),
            project_id=caller.project_id,
            workflow_name=sent.spec.name,
            queue=sent.queue or "default",
            spec=body["spec"],
            inputs=sent.filled_inputs(),
            metadata=sent.metadata or {},
            tags=sent.tags or {},
            external_id=sent.external_id,
            step_counts={},
            fires_at=unit.now,
            created_at=unit.now,
            updated_at=unit.now,
        )
        rows.insert(row)
        payload = payloads.run(row)
        unit.emit("run_updated", row.id, payload)
        unit.due(unit.now)
        return payload


def _same_run(existing: Run) -> dict[str, Any]:
    if existing.finished:
        raise errors.conflict(
            "A run with this external_id has already finished.",
            code="external_id_conflict",
            existing_run_id=existing.id,
            status=str(existing.status),
            external_id=existing.external_id,
        )
    return payloads.run(existing)


def list_runs(
    *, caller: Caller, filters: dict[str, str], limit: int = 50, cursor: str | None = None
) -> paging.Page:
    paging.check_filters(
        filters,
        status=tuple(Run.Status.values),
        workflow_type=None,
        queue=None,
        external_id=None,
    )
    runs = Run.objects.filter(project_id=caller.project_id).defer("spec")
    for name, column in (
        ("status", "status"),
        ("workflow_type", "workflow_name"),
        ("queue", "queue"),
        ("external_id", "external_id"),
    ):
        if name in filters:
            runs = runs.filter(**{column: filters[name]})
    return paging.newest_first("runs", runs, limit=limit, cursor=cursor, payload=payloads.run)


def get(*, caller: Caller, run_id: str) -> dict[str, Any]:
    row = find_run(caller.project_id, run_id)
    return {**payloads.run(row), "spec": row.spec}


def steps(
    *, caller: Caller, run_id: str, limit: int = 50, cursor: str | None = None
) -> paging.Page:
    paging.check_limit(limit)
    run = find_run(caller.project_id, run_id)
    reached = Step.objects.filter(run=run)
    if cursor is not None:
        reached = reached.filter(transition_seq__gt=paging.read_number_cursor("steps", cursor))
    page_rows = list(reached.order_by("transition_seq")[: limit + 1])
    page: paging.Page = {
        "items": [payloads.step(row) for row in page_rows[:limit]],
        "has_more": len(page_rows) > limit,
    }
    if len(page_rows) > limit:
        page["next_cursor"] = paging.to_cursor("steps", str(page_rows[limit - 1].transition_seq))
    return page


def cancel(*, caller: Caller, run_id: str) -> None:
    """A finished run stays as it is. Raises 404."""
    with writing(caller.project_id) as unit:
        run = find_run(caller.project_id, run_id)
        if not run.finished:
            end(
                unit,
                run,
                Run.Status.FAILED,
                error_type="run_cancelled",
                message="The run was cancelled.",
            )


class NewSignal(bodies.Body):
    name: bodies.Name
    payload: dict[str, Any] | None = None


def signal(*, caller: Caller, run_id: str, body: Any) -> dict[str, Any]:
    """Raises 404, 400 for a wrong body, 409 for a finished run."""
    with writing(caller.project_id) as unit:
        run = find_run(caller.project_id, run_id)
        sent = bodies.read(NewSignal, body)
        if run.finished:
            raise errors.conflict("The run has finished.", status=run.status)
        return payloads.signal(deliver(unit, run, sent.name, sent.payload or {}))


def deliver(unit: Unit, run: Run, name: str, payload: dict[str, Any]) -> Signal:
    awaited = run.status == Run.Status.SUSPENDED and run.wait_signal == name
    row = Signal(
        id=ids.new("sig", unit.now),
        run=run,
        name=name,
        payload=payload,
        created_at=unit.now,
        taken_at=unit.now if awaited else None,
    )
    rows.insert(row)
    if awaited:
        step = Step.objects.get(run=run, status=Step.Status.RUNNING)
        if run.wait_kind == Run.Wait.INTERACTION:
            close_interaction(unit, Interaction.objects.get(pk=run.wait_interaction_id))
            payload = {"value": payload, "comment": None, "responder": None}
        resume(unit, run, step, payload)
    return row


def take_stored_signal(unit: Unit, run: Run, topic: str) -> dict[str, Any] | None:
    row = (
        Signal.objects.filter(run=run, name=topic, taken_at__isnull=True).order_by("number").first()
    )
    if row is None:
        return None
    row.taken_at = unit.now
    row.save(update_fields=["taken_at"])
    return dict(row.payload)


def find_run(project_id: int, run_id: str) -> Run:
    row = None
    if ids.is_shaped(run_id, "run"):
        row = rows.find(Run, id=run_id, project_id=project_id)
    if row is None:
        raise errors.not_found("The run")
    return row
