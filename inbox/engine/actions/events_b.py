"""A run's log as generation B has it."""

from typing import Any

from inbox.engine.actions.events import LoggedEvent
from inbox.engine.rules import times
from inbox.lib import exact

FINAL = frozenset({"run.completed", "run.failed", "run.cancelled"})
_STEP_EVENTS = {"running": "step.started", "completed": "step.completed", "failed": "step.failed"}

Payload = dict[str, Any]


def event(logged: LoggedEvent) -> Payload | None:
    """None for what B does not log. The event's number in the project serves as its number in the
    run.
    """
    data = exact.loads(logged.data)["data"]
    kind, step_, payload = _kind_of_event(logged.type, data)
    if kind is None:
        return None
    return {
        "id": f"{logged.run_id}:evt:{logged.seq:06}",
        "run_id": logged.run_id,
        "sequence": logged.seq,
        "event_type": kind,
        "step_id": data["id"] if logged.type == "run_step_updated" else None,
        "step_key": step_,
        "payload": payload,
        "created_at": times.to_text(logged.at),
    }


def _kind_of_event(type_: str, data: Payload) -> tuple[str | None, str | None, Payload]:
    """The event's type, the step's key and the payload."""
    match type_:
        case "run_updated":
            return _of_run(data["status"], data)
        case "run_step_updated":
            name = data["step_name"]
            return _STEP_EVENTS.get(data["status"]), name, {"step": name}
        case "action_appended":
            name = data["step_name"]
            return "action.completed", name, {"step": name, "result": {"value": data["line"]}}
        case "interaction_completed" | "interaction_updated":
            response, responder = data["response"] or {}, data["responder"] or {}
            answered = {"response": response, "responder": responder}
            return "interaction.responded", None, {"interaction_id": data["id"], **answered}
        case _:
            return None, None, {}


def _of_run(status: str, data: Payload) -> tuple[str | None, None, Payload]:
    match status:
        case "running":
            first = data["attempt"] == 1 and not any(data["step_counts"].values())
            return ("run.started" if first else "run.resumed"), None, {}
        case "suspended":
            (kind,) = data["wait_summary"]["kind_counts"]
            return "wait.opened", None, {"wait_kind": kind}
        case "completed":
            return "run.completed", None, {}
        case "failed" if data["error_type"] == "run_cancelled":
            return "run.cancelled", None, {"reason": data["error_message"] or ""}
        case "failed":
            message = data["error_message"] or ""
            return "run.failed", None, {"error": message, "error_type": data["error_type"]}
        case _:
            return None, None, {}
