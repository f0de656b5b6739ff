"""Runs and their steps on the wire."""

from typing import Any

from inbox.mobius.adapters.base import created_and_updated, identified
from inbox.mobius.adapters.guide.interaction import read_planned_interaction
from inbox.mobius.adapters.tolerant import (
    enum_member,
    integer,
    mapping,
    maybe_text,
    moment,
    note_unknown,
    parts,
    sequence,
    text,
    texts,
)
from inbox.mobius.types import Run, RunStatus, Step, StepPlan, StepStatus, Wait

_STEP_KINDS = ("interaction", "wait_signal", "sleep", "action", "join", "pause")
_FIELDS = frozenset(
    {
        "id",
        "project_id",
        "queue",
        "parent_run_id",
        "definition_id",
        "definition_version",
        "ephemeral",
        "workflow_name",
        "status",
        "spec",
        "path_counts",
        "job_counts",
        "step_counts",
        "wait_summary",
        "errors",
        "attempt",
        "inputs",
        "metadata",
        "tags",
        "error_type",
        "error_message",
        "actor_type",
        "actor_id",
        "source_type",
        "source_id",
        "source_label",
        "external_id",
        "resolved_config",
        "default_step_config",
        "forked_from",
        "cancel_requested_at",
        "wall_clock_deadline_at",
        "created_at",
        "started_at",
        "completed_at",
        "updated_at",
    }
)


def read_run(payload: Any) -> Run:
    """The plan is there if the payload has its spec. Raises UnreadableError."""
    wire = identified(payload)
    note_unknown("a run", wire, _FIELDS)
    created, updated = created_and_updated(wire)
    waiting = parts(wire.get("wait_summary"))
    spec = wire.get("spec")
    return Run(
        id=wire["id"],
        workflow=text(wire.get("workflow_name")) or text(parts(spec).get("name")),
        status=enum_member(RunStatus, wire.get("status"), RunStatus.OTHER),
        status_word=text(wire.get("status")),
        queue=text(wire.get("queue")) or "default",
        attempt=integer(wire.get("attempt"), 1),
        inputs=mapping(wire.get("inputs")),
        metadata=mapping(wire.get("metadata")),
        external_id=maybe_text(wire.get("external_id")),
        started_by=_started_by(wire),
        wait=Wait(
            wakes_at=moment(waiting, "next_wake_at"),
            signals=texts(waiting.get("waiting_on_signal_names")),
            interaction_ids=texts(waiting.get("interaction_ids")),
        ),
        plan=_plan(spec) if isinstance(spec, dict) else None,
        error_type=maybe_text(wire.get("error_type")),
        error_message=maybe_text(wire.get("error_message")),
        created_at=created,
        started_at=moment(wire, "started_at"),
        completed_at=moment(wire, "completed_at"),
        updated_at=updated,
        partial=wire.keys() <= {"id", "status", "updated_at"},
        raw=wire,
    )


def read_step(payload: Any) -> Step:
    """Raises UnreadableError."""
    wire = identified(payload)
    created, updated = created_and_updated(wire)
    return Step(
        id=wire["id"],
        run_id=text(wire.get("run_id")),
        name=text(wire.get("step_name")),
        kind=text(wire.get("kind")),
        action=text(wire.get("action")),
        status=enum_member(StepStatus, wire.get("status"), StepStatus.OTHER),
        status_word=text(wire.get("status")),
        attempt=integer(wire.get("attempt")),
        order=integer(wire.get("transition_seq")),
        error_type=maybe_text(wire.get("error_type")),
        error_message=maybe_text(wire.get("error_message")),
        started_at=moment(wire, "started_at"),
        completed_at=moment(wire, "completed_at"),
        created_at=created,
        updated_at=updated,
        raw=wire,
    )


def read_signal(payload: Any) -> str:
    """The ID of a signal that was sent, empty if upstream does not say."""
    return text(parts(payload).get("id"))


def _started_by(wire: dict[str, Any]) -> str:
    requester = text(mapping(wire.get("metadata")).get("requested_by"))
    return requester or text(wire.get("actor_id")) or text(wire.get("source_label"))


def _plan(spec: dict[str, Any]) -> tuple[StepPlan, ...]:
    steps = [parts(step) for step in sequence(spec.get("steps"))]
    return tuple(
        StepPlan(
            name=text(step.get("name")),
            kind=next((kind for kind in _STEP_KINDS if kind in step), ""),
            description=text(step.get("description")),
            asks=read_planned_interaction(step["interaction"]) if "interaction" in step else None,
        )
        for step in steps
    )
