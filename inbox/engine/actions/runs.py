"""Runs: starting, listing, reading, cancelling."""

from datetime import datetime
from typing import Any

from inbox.engine import ids, payloads
from inbox.engine.actions import paging, rows
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.progress import end
from inbox.engine.actions.signals import find_run, signal
from inbox.engine.actions.unit import writing
from inbox.engine.models import Run, Step
from inbox.engine.rules import bodies, cursors, errors
from inbox.engine.rules.workflow import NewRun

__all__ = ["cancel", "get", "list_runs", "signal", "start", "steps"]


def start(*, caller: Caller, body: Any, at: datetime | None = None) -> dict[str, Any]:
    """A new run, queued; or the live one that has the ``external_id`` already.

    Raises 400 for a body or a spec that is wrong or not served, 409 ``external_id_conflict``
    where the run of that ``external_id`` is over.
    """
    sent = bodies.read(NewRun, body)
    with writing(caller.project_id, at) as unit:
        if sent.external_id is not None:
            known = Run.objects.filter(
                project_id=caller.project_id, external_id=sent.external_id
            ).first()
            if known is not None:
                return _same_run(known)
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


def _same_run(known: Run) -> dict[str, Any]:
    if known.finished:
        raise errors.conflict(
            "A run with this external_id is over.",
            code="external_id_conflict",
            existing_run_id=known.id,
            status=str(known.status),
            external_id=known.external_id,
        )
    return payloads.run(known)


def list_runs(
    *, caller: Caller, filters: dict[str, str], limit: int = 50, cursor: str | None = None
) -> paging.Page:
    """One page, newest first. Raises 400 for a filter, a limit or a cursor that is wrong."""
    paging.check_filters(
        filters,
        status=tuple(Run.Status.values),
        workflow_type=None,
        queue=None,
        external_id=None,
    )
    found = Run.objects.filter(project_id=caller.project_id).defer("spec")
    for name, column in (
        ("status", "status"),
        ("workflow_type", "workflow_name"),
        ("queue", "queue"),
        ("external_id", "external_id"),
    ):
        if name in filters:
            found = found.filter(**{column: filters[name]})
    return paging.newest_first("runs", found, limit=limit, cursor=cursor, payload=payloads.run)


def get(*, caller: Caller, run_id: str) -> dict[str, Any]:
    """The run and its ``spec``. Raises 404."""
    row = find_run(caller.project_id, run_id)
    return {**payloads.run(row), "spec": row.spec}


def steps(
    *, caller: Caller, run_id: str, limit: int = 50, cursor: str | None = None
) -> paging.Page:
    """One page of the run's steps, in the order in which it reached them. Raises 404, 400."""
    paging.check_limit(limit)
    run = find_run(caller.project_id, run_id)
    rows = Step.objects.filter(run=run)
    if cursor is not None:
        rows = rows.filter(transition_seq__gt=cursors.read_ascending("steps", cursor))
    found = list(rows.order_by("transition_seq")[: limit + 1])
    page: paging.Page = {
        "items": [payloads.step(row) for row in found[:limit]],
        "has_more": len(found) > limit,
    }
    if len(found) > limit:
        page["next_cursor"] = cursors.written("steps", str(found[limit - 1].transition_seq))
    return page


def cancel(*, caller: Caller, run_id: str, at: datetime | None = None) -> None:
    """End the run as failed, ``run_cancelled``; a run that is over stays as it is. Raises 404."""
    with writing(caller.project_id, at) as unit:
        run = find_run(caller.project_id, run_id)
        if not run.finished:
            end(
                unit,
                run,
                Run.Status.FAILED,
                error_type="run_cancelled",
                message="The run was cancelled.",
            )
