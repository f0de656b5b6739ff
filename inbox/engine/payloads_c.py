"""Generation C's payloads: interactions are forms, and a run is a session with one turn."""

from typing import Any

from inbox.engine import payloads_later as later
from inbox.engine.models import Interaction, Run
from inbox.engine.rules import forms, times

_TEAM = {"owner": {"kind": "team", "id": None}, "visibility": "organization", "posture": "team"}
_TURN_STATUS = {Run.Status.SUSPENDED: "waiting"}

Payload = dict[str, Any]


def session_id(run_id: str) -> str:
    return f"ses_{run_id.removeprefix('run_')}"


def turn_id(run_id: str) -> str:
    return f"turn_{run_id.removeprefix('run_')}"


def agent_id(run: Run) -> str:
    return f"agent_{later.slug(run.workflow_name)}"


def form(row: Interaction) -> forms.Form:
    return row.questions or forms.of_spec(row.spec, row.type, row.message)


def interaction(row: Interaction) -> Payload:
    creator = row.created_by or (later.MACHINE if row.run is None else agent_id(row.run))
    responses = [
        {**later.response(row, each), "answers": _answers(row, each)} for each in row.responses
    ]
    payload = {
        **later.interaction(row, creator, responses),
        **_TEAM,
        "spec": {"questions": form(row)},
        "consumer": _consumer(row),
    }
    if row.status == Interaction.Status.COMPLETED:
        of_round = [each for each in responses if (each["attempt"] or 0) == row.review_round]
        single = payload["resolution_policy"]["type"] == "any_of"
        payload["outcome"] = of_round[-1]["answers"] if single else of_round
    return payload


def _answers(row: Interaction, response: Payload) -> forms.Answers:
    return response.get("answers") or [forms.of_value(form(row)[0], response["value"])]


def _consumer(row: Interaction) -> Payload:
    if row.run is None:
        return {"kind": "none"}
    call = row.id if row.step is None else row.step.pk
    tool = {
        "invocation_id": turn_id(row.run.pk),
        "tool_call_id": f"call_{call.partition('_')[2]}",
        "session_id": session_id(row.run.pk),
    }
    return {"kind": "agent_tool", "agent_tool": tool}


_COUNTS = dict.fromkeys(
    (
        "message_count",
        "token_input_total",
        "token_output_total",
        "cache_read_input_total",
        "cache_creation_input_total",
    ),
    0,
)
"""Agents aren't part of the engine."""


def session(run: Run) -> Payload:
    return {
        "id": session_id(run.id),
        **_TEAM,
        "agent_id": agent_id(run),
        "title": run.workflow_name,
        "status": "active",
        "origin": "api",
        "scope": "agent",
        "scope_ref_id": agent_id(run),
        "scope_name": run.workflow_name,
        "session_key": run.external_id or run.id,
        **_COUNTS,
        "version": 1,
        "created_by": run.metadata.get("requested_by"),
        "metadata": run.metadata,
        "created_at": times.to_text(run.created_at),
        "updated_at": times.to_text(run.updated_at),
    }


def turn(run: Run) -> Payload:
    cancelled = run.error_type == "run_cancelled"
    status = _TURN_STATUS.get(Run.Status(run.status), str(run.status))
    return {
        "id": turn_id(run.id),
        "agent_id": agent_id(run),
        "session_id": session_id(run.id),
        "kind": "agent",
        "attempt": run.attempt,
        "status": "cancelled" if cancelled else status,
        "seq": 1,
        "error_type": None if cancelled else run.error_type,
        "error_message": None if cancelled else run.error_message,
        "created_at": times.to_text(run.created_at),
        "updated_at": times.to_text(run.updated_at),
        "completed_at": later.stamp(run.completed_at),
    }
