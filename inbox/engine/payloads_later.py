"""What the payloads of generations B and C have in common."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inbox.engine.models import Interaction
from inbox.engine.rules import forms, times

KINDS = {
    "approval": "request_approval",
    "review": "request_review",
    "input": "request_information",
    "task": "assign_work",
}
MACHINE = "svc_api"
"""The principal of the service key."""

_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")

Payload = dict[str, Any]


def slug(workflow_name: str) -> str:
    """For the ids of what stands for a workflow: an agent, a loop."""
    return _NOT_IN_IDS.sub("_", workflow_name.lower()).strip("_")


def stamp(at: datetime | None) -> str | None:
    return None if at is None else times.to_text(at)


def targets(row: Interaction) -> Sequence[str]:
    return row.members or [row.target_id]


def interaction(row: Interaction, creator: str | None, responses: list[Payload]) -> Payload:
    """Without form, consumer and outcome."""
    title, description = forms.headline(row.message)
    done = row.status == Interaction.Status.COMPLETED
    policy = _policy(row)
    return {
        "id": row.id,
        "created_by": creator,
        "kind": KINDS[row.type],
        "status": str(row.status),
        "title": title,
        "description": description,
        "subject": row.subject,
        "references": row.references or [],
        "context": row.context,
        "tags": row.tags or {},
        "properties": row.properties,
        "target_user_ids": list(targets(row)),
        "require_all": policy["type"] == "all_of",
        "resolution_policy": policy,
        "responses": responses,
        "responder": {"user_id": row.responder["id"]} if row.responder else None,
        "resolving_response_id": responses[-1]["id"] if done else None,
        "resolved_by": policy["type"] if done else None,
        "cancel_reason": row.cancel_reason,
        "review_round": row.review_round,
        "submitted_at": stamp(row.submitted_at),
        "review_feedback": row.review_feedback,
        "reviewer": {"user_id": row.reviewer} if row.reviewer else None,
        "lifecycle": [
            {**entry, "actor_id": creator} if entry["action"] == "created" else entry
            for entry in row.lifecycle
        ],
        "expires_at": stamp(row.expires_at),
        "completed_at": stamp(row.completed_at),
        "created_at": times.to_text(row.created_at),
        "updated_at": times.to_text(row.updated_at),
    }


def _policy(row: Interaction) -> Payload:
    policy: Payload = {"type": "all_of" if row.all_must_answer else "any_of"}
    if row.quorum is not None:
        policy = {"type": "quorum", "threshold": row.quorum}
    if row.reviewers is not None:
        policy["review"] = {"reviewer_user_ids": row.reviewers}
    return policy


def principal(id_: str, kind: str, name: str, since: datetime) -> Payload:
    """A machine."""
    at = times.to_text(since)
    shown = {"id": id_, "kind": kind, "name": name, "state": "active"}
    return {**shown, "created_at": at, "updated_at": at}


def response(row: Interaction, given: Payload) -> Payload:
    """Without what was answered."""
    at = given["responded_at"]
    return {
        "id": given["id"],
        "interaction_id": row.id,
        "response_kind": "response",
        "state": "submitted",
        "responder_user_id": given["user_id"],
        "comment": given["comment"],
        "responded_at": at,
        "attempt": given["round"] or None,
        "created_at": at,
        "updated_at": at,
    }
