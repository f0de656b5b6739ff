"""Generation B's payloads: one form, and runs of loops. Optional fields of a run that would be null
are left out, since B does not allow null there.
"""

from typing import Any

from inbox.engine import payloads_later as later
from inbox.engine.models import Interaction, Project, Run, Step
from inbox.engine.rules import times, workflow

_STEP_KINDS = {"wait_signal": "wait_for_event"}

Payload = dict[str, Any]


def loop_id(workflow_name: str) -> str:
    return f"loop_{later.slug(workflow_name)}"


def interaction(row: Interaction) -> Payload:
    responses = [{**later.response(row, each), "value": each["value"]} for each in row.responses]
    creator = row.created_by or (later.MACHINE if row.run is None else None)
    payload = {
        **later.interaction(row, creator, responses),
        "run_id": row.run_id,
        "signal_name": row.signal_name if row.step is None else row.step.step_name,
        "consumer": _consumer(row),
    }
    if row.spec is not None:
        payload["spec"] = row.spec
    if row.response is not None:
        payload["outcome"] = row.response["value"]
    return payload


def _consumer(row: Interaction) -> Payload:
    if row.run is None:
        return {"kind": "none"}
    signal = row.signal_name if row.step is None else row.step.step_name
    return {"kind": "run", "run": {"run_id": row.run_id, "signal_name": signal}}


def run(row: Run) -> Payload:
    loop = loop_id(row.workflow_name)
    return _without_nulls(
        {
            "id": row.id,
            "loop_id": loop,
            "loop_name": row.workflow_name,
            "loop_version_id": f"{loop}_v1",
            "loop_version": 1,
            "status": "cancelled" if _cancelled(row) else str(row.status),
            "attempt": row.attempt,
            "stop_reason": _stop_reason(row),
            "event": row.inputs,
            "meta": row.metadata,
            "source": {"type": "api"},
            "error_type": row.error_type,
            "error_message": row.error_message,
            "wake_at": later.stamp(row.wake_at),
            "started_at": later.stamp(row.started_at),
            "completed_at": later.stamp(row.completed_at),
            "created_at": times.to_text(row.created_at),
            "updated_at": times.to_text(row.updated_at),
        }
    )


def _cancelled(row: Run) -> bool:
    return row.error_type == "run_cancelled"


def _stop_reason(row: Run) -> str | None:
    if not row.finished:
        return None
    if _cancelled(row):
        return "cancelled"
    return "completed" if row.status == Run.Status.COMPLETED else "step_failed"


def step(row: Step, run_: Run) -> Payload:
    config = run_.spec["steps"][row.transition_seq - 1]
    kind = workflow.kind_of(config)
    waits = row.status == Step.Status.RUNNING and run_.status == Run.Status.SUSPENDED
    return _without_nulls(
        {
            "id": row.id,
            "run_id": row.run_id,
            "step_key": row.step_name,
            "step_name": config.get("description") or row.step_name,
            "kind": _STEP_KINDS.get(kind, kind),
            "status": "suspended" if waits else str(row.status),
            "seq": row.transition_seq - 1,
            "attempt": row.attempt + 1,
            "parameters": row.parameters,
            "result": row.output,
            "error_type": row.error_type,
            "error_message": row.error_message,
            "started_at": later.stamp(row.started_at),
            "completed_at": later.stamp(row.completed_at),
            "created_at": times.to_text(row.created_at),
            "updated_at": times.to_text(row.updated_at),
        }
    )


def loop(name: str, newest: Run, oldest: Run) -> Payload:
    return {
        "id": loop_id(name),
        "name": name,
        "status": "active",
        "last_run_at": times.to_text(newest.created_at),
        "created_at": times.to_text(oldest.created_at),
        "updated_at": times.to_text(newest.created_at),
    }


def project(row: Project) -> Payload:
    at = times.to_text(row.created_at)
    return {
        "id": f"prj_{row.pk}",
        "name": row.handle,
        "handle": row.handle,
        "access_mode": "open",
        "created_at": at,
        "updated_at": at,
    }


def _without_nulls(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if value is not None}
