from datetime import datetime
from typing import Any

from inbox.engine.models import Group, Interaction, Membership, Run, Signal, Step
from inbox.engine.rules import times

PATH = "main"
Payload = dict[str, Any]


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else times.to_text(at)


def run(row: Run) -> Payload:
    finished, waiting = row.finished, row.status == Run.Status.SUSPENDED
    errors = []
    if row.error_type:
        errors.append(
            {
                "path_id": PATH,
                "error_type": row.error_type,
                "error_message": row.error_message or "",
            }
        )
    return {
        "id": row.id,
        "workflow_name": row.workflow_name,
        "queue": row.queue,
        "status": str(row.status),
        "attempt": row.attempt,
        "ephemeral": True,
        "inputs": row.inputs,
        "metadata": row.metadata,
        "tags": row.tags,
        "external_id": row.external_id,
        "error_type": row.error_type,
        "error_message": row.error_message,
        "errors": errors,
        "path_counts": {
            "total": 1,
            "active": int(not finished),
            "working": int(not finished and not waiting),
            "waiting": int(waiting),
            "completed": int(row.status == Run.Status.COMPLETED),
            "failed": int(row.status == Run.Status.FAILED),
        },
        "job_counts": {"ready": 0, "scheduled": 0, "claimed": 0},
        "step_counts": {
            status.value: row.step_counts.get(status.value, 0) for status in Step.Status
        },
        "wait_summary": _wait_summary(row),
        "created_at": times.to_text(row.created_at),
        "started_at": _stamp(row.started_at),
        "completed_at": _stamp(row.completed_at),
        "updated_at": times.to_text(row.updated_at),
    }


def _wait_summary(row: Run) -> Payload:
    if row.status != Run.Status.SUSPENDED or row.wait_kind is None:
        return {
            "waiting_paths": 0,
            "kind_counts": {},
            "next_wake_at": None,
            "waiting_on_signal_names": [],
            "interaction_ids": [],
        }
    return {
        "waiting_paths": 1,
        "kind_counts": {str(row.wait_kind): 1},
        "next_wake_at": _stamp(row.wake_at),
        "waiting_on_signal_names": [row.wait_signal] if row.wait_signal else [],
        "interaction_ids": [row.wait_interaction_id] if row.wait_interaction_id else [],
    }


def step(row: Step) -> Payload:
    return {
        "id": row.id,
        "run_id": row.run_id,
        "path_id": PATH,
        "step_name": row.step_name,
        "action": row.action,
        "attempt": row.attempt,
        "transition_seq": row.transition_seq,
        "kind": str(row.kind),
        "source": "executed",
        "status": str(row.status),
        "parameters": row.parameters,
        "error_type": row.error_type,
        "error_message": row.error_message,
        "started_at": _stamp(row.started_at),
        "completed_at": _stamp(row.completed_at),
        "created_at": times.to_text(row.created_at),
        "updated_at": times.to_text(row.updated_at),
    }


def interaction(row: Interaction) -> Payload:
    return {
        "id": row.id,
        "type": row.type,
        "status": str(row.status),
        "run_id": row.run_id,
        "signal_name": row.signal_name,
        "message": row.message,
        "context": row.context,
        "spec": row.spec,
        "target": {"type": row.target_type, "id": row.target_id},
        "target_group_id": row.target_group_id,
        "target_member_snapshot": row.members,
        "routing_policy_snapshot": row.routing_policy,
        "require_all": row.require_all,
        "claimed_by": row.claimed_by,
        "claimed_at": _stamp(row.claimed_at),
        "partial_responses": _partial_responses(row),
        "responder": row.responder,
        "response": row.response,
        "expires_at": _stamp(row.expires_at),
        "completed_at": _stamp(row.completed_at),
        "created_at": times.to_text(row.created_at),
        "updated_at": times.to_text(row.updated_at),
    }


def _partial_responses(row: Interaction) -> list[Payload] | None:
    return [partial_response(each) for each in row.responses if row.all_must_answer] or None


def partial_response(response: Payload) -> Payload:
    return {name: response[name] for name in ("user_id", "value", "comment", "responded_at")}


def signal(row: Signal) -> Payload:
    return {"id": row.id, "run_id": row.run_id, "name": row.name}


def group(row: Group, *, member_count: int | None = None) -> Payload:
    payload: Payload = {
        "id": row.id,
        "handle": row.handle,
        "name": row.name,
        "description": row.description,
        "routing_policy": row.routing_policy,
        "created_at": times.to_text(row.created_at),
        "updated_at": times.to_text(row.updated_at),
    }
    if member_count is not None:
        payload["member_count"] = member_count
    return payload


def member(row: Membership) -> Payload:
    return {
        "id": row.id,
        "group_id": row.group_id,
        "user_id": row.user_id,
        "added_by": row.added_by,
        "added_at": times.to_text(row.added_at),
    }
