"""Questions, runs and events as generations B and C of the API have them."""

from typing import Any

RINA, SAM, LEE, AGENT = "user_rina", "user_sam", "user_lee", "agent_scout"
ASKED, ANSWERED = "2026-10-24T14:30:00Z", "2026-10-24T14:42:00Z"


def response(by: str = RINA, id: str = "iresp_1", **fields: Any) -> dict[str, Any]:
    """``value`` or ``answers`` is what was answered."""
    return {
        "id": id,
        "interaction_id": "iact_1",
        "response_kind": "response",
        "state": "submitted",
        "responder_user_id": by,
        "responded_at": ANSWERED,
        "created_at": ANSWERED,
        "updated_at": ANSWERED,
        **fields,
    }


def question_of_b(**fields: Any) -> dict[str, Any]:
    """A step of a loop asks Rina for a decision."""
    return {
        "id": "iact_1",
        "run_id": "run_1",
        "signal_name": "rollout_gate",
        "kind": "request_approval",
        "status": "pending",
        "title": "Roll out 4.2.0 to everyone?",
        "context": {"version": "4.2.0", "canary_errors": 3},
        "spec": {"mode": "confirm", "default_confirmed": False},
        "target_user_ids": [RINA],
        "require_all": False,
        "expires_at": "2026-10-25T14:30:00Z",
        "created_at": ASKED,
        "updated_at": ASKED,
        **fields,
    }


def answered_in_b(**fields: Any) -> dict[str, Any]:
    answer = response(value=True, comment="Canary looks good.")
    return question_of_b(
        status="completed",
        responder={"user_id": RINA},
        resolving_response_id="iresp_1",
        responses=[answer],
        outcome=True,
        resolved_by="any_of",
        completed_at=ANSWERED,
        updated_at=ANSWERED,
        **fields,
    )


WINDOW: dict[str, Any] = {
    "id": "window",
    "prompt": "When may the migration run?",
    "mode": "select",
    "options": [
        {"value": "tonight", "label": "Tonight"},
        {"value": "sunday", "label": "On Sunday", "description": "With less traffic"},
    ],
    "allow_other": True,
}
CAVEATS: dict[str, Any] = {
    "id": "caveats",
    "prompt": "What should I look out for?",
    "description": "Skip it if nothing comes to mind.",
    "mode": "input",
    "required": False,
    "multiline": True,
}
TABLES: dict[str, Any] = {
    "id": "tables",
    "prompt": "Which tables may be locked?",
    "mode": "multi_select",
    "options": [{"value": "orders", "label": "Orders"}, {"value": "users", "label": "Users"}],
    "min_selections": 2,
    "max_selections": 3,
    "allow_other": True,
}
DECISION: dict[str, Any] = {"id": "go", "prompt": "Shall I begin?", "mode": "confirm"}


def question_of_c(**fields: Any) -> dict[str, Any]:
    """An agent asks Rina two things in a conversation."""
    return {
        "id": "iact_1",
        "created_by": AGENT,
        "owner": {"kind": "team", "id": None},
        "visibility": "organization",
        "posture": "team",
        "kind": "request_information",
        "status": "pending",
        "title": "Before I migrate the database",
        "description": "The migration locks a few tables for about ten minutes.",
        "spec": {"questions": [WINDOW, CAVEATS]},
        "target_user_ids": [RINA],
        "resolution_policy": {"type": "any_of"},
        "consumer": {
            "kind": "agent_tool",
            "agent_tool": {
                "invocation_id": "turn_1",
                "tool_call_id": "call_1",
                "session_id": "ses_1",
            },
        },
        "review_round": 0,
        "responses": [],
        "lifecycle": [
            {
                "at": ASKED,
                "status": "pending",
                "action": "created",
                "actor_id": AGENT,
                "round": 0,
            }
        ],
        "expires_at": "2026-10-25T14:30:00Z",
        "created_at": ASKED,
        "updated_at": ASKED,
        **fields,
    }


def task_sent_back(**fields: Any) -> dict[str, Any]:
    """Sam and Lee both submitted; Rina asked for changes; Lee has submitted again."""
    note = {"id": "note", "prompt": "Link to the report", "mode": "input"}
    texts = {"first": "draft", "second": "report", "again": "report, with totals"}
    first, second, again = (
        [{"question_id": "note", "text": text, "value": None, "values": None, "other": None}]
        for text in texts.values()
    )
    return question_of_c(
        kind="assign_work",
        title="Write the incident report",
        spec={"questions": [note]},
        target_user_ids=[SAM, LEE],
        resolution_policy={"type": "all_of", "review": {"reviewer_user_ids": [RINA]}},
        review_round=1,
        review_feedback="Please add the totals.",
        reviewer={"user_id": RINA},
        submitted_at="2026-10-24T15:00:00Z",
        responses=[
            response(SAM, "iresp_1", answers=first),
            response(LEE, "iresp_2", answers=second, attempt=0),
            response(LEE, "iresp_3", answers=again, attempt=1, comment="Added."),
        ],
        lifecycle=[
            {"at": ASKED, "status": "pending", "action": "created", "actor_id": AGENT, "round": 0},
            {
                "at": "2026-10-24T15:30:00Z",
                "status": "pending",
                "action": "changes_requested",
                "actor_id": RINA,
                "comment": "Please add the totals.",
                "round": 1,
            },
        ],
        subject={
            "kind": "external_url",
            "url": "https://status.example/7",
            "relation": "subject",
            "label": "Incident 7",
        },
        references=[{"kind": "mobius_entity", "entity_type": "artifact", "entity_id": "art_1"}],
        properties={"severity": 2},
        tags={"team": "storage"},
        **fields,
    )


def run_of_b(**fields: Any) -> dict[str, Any]:
    return {
        "id": "run_1",
        "loop_id": "loop_1",
        "loop_name": "Rollout",
        "loop_version_id": "lver_1",
        "loop_version": 3,
        "name": "Roll out 4.2.0",
        "status": "suspended",
        "attempt": 1,
        "event": {"version": "4.2.0"},
        "config": {"share": 0.1},
        "meta": {"requested_by": SAM},
        "source": {"type": "api", "id": "svc_ci", "label": "CI"},
        "wake_at": "2026-10-25T14:30:00Z",
        "started_at": ASKED,
        "created_at": ASKED,
        "updated_at": ASKED,
        **fields,
    }


def step_of_b(**fields: Any) -> dict[str, Any]:
    return {
        "id": "run_1:gate",
        "run_id": "run_1",
        "step_key": "gate",
        "step_name": "Ask for the rollout",
        "kind": "interaction",
        "status": "suspended",
        "seq": 2,
        "attempt": 1,
        "wait_id": "wait_1",
        "started_at": ASKED,
        "completed_at": None,
        "created_at": ASKED,
        "updated_at": ASKED,
        **fields,
    }


def event_of_b(sequence: int = 7, type: str = "wait.opened", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"run_1:evt:{sequence:06}",
        "run_id": "run_1",
        "sequence": sequence,
        "event_type": type,
        "step_id": "run_1:gate",
        "step_key": "gate",
        "payload": {"step": "gate", "wait_id": "wait_1"},
        "created_at": ASKED,
        **fields,
    }
