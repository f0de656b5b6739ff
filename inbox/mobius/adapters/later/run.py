"""Runs of B, their steps and events on the wire."""

from typing import Any

from httpx_sse import ServerSentEvent

from inbox.mobius import body
from inbox.mobius.adapters.adapter import UnreadableError
from inbox.mobius.adapters.base import created_and_updated, identified, without_none
from inbox.mobius.adapters.lists import read_page
from inbox.mobius.adapters.tolerant import (
    enum_member,
    integer,
    mapping,
    maybe_text,
    moment,
    note_unknown,
    parts,
    text,
)
from inbox.mobius.types import (
    Event,
    EventKind,
    Page,
    Run,
    RunStatus,
    Step,
    StepStatus,
    Wait,
)

_FIELDS = frozenset(
    {
        "id",
        "org_id",
        "project_id",
        "loop_id",
        "loop_name",
        "loop_version",
        "loop_version_id",
        "name",
        "description",
        "status",
        "attempt",
        "queue_reason",
        "plan_concurrency_limit",
        "stop_reason",
        "credit_budget",
        "credit_spent",
        "max_agent_turns",
        "agent_turns_used",
        "event",
        "meta",
        "config",
        "result",
        "source",
        "parent_run_id",
        "parent_loop_id",
        "parent_step_key",
        "error_type",
        "error_message",
        "wake_at",
        "wall_clock_deadline_at",
        "created_at",
        "started_at",
        "completed_at",
        "updated_at",
    }
)
_CHANGES = ("run", "step", "wait", "interaction")
"""The first words of the types of events after which a run may be in another state."""
_KINDS = {"run": EventKind.RUN, "step": EventKind.STEP}
_STATUSES = {
    "started": "running",
    "resumed": "running",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""The status of a run or step after an event, by the second word of its type."""


def read_run(payload: Any) -> Run:
    """There is no plan to read, so it is empty. Raises UnreadableError."""
    wire = identified(payload)
    note_unknown("a run", wire, _FIELDS)
    created, updated = created_and_updated(wire)
    source = parts(wire.get("source"))
    return Run(
        id=wire["id"],
        workflow=text(wire.get("loop_name")) or text(wire.get("loop_id")),
        title=text(wire.get("name")),
        status=enum_member(RunStatus, wire.get("status"), RunStatus.OTHER),
        status_word=text(wire.get("status")),
        stop_reason=text(wire.get("stop_reason")),
        attempt=integer(wire.get("attempt"), 1),
        inputs={name: wire[name] for name in ("event", "config") if wire.get(name)},
        metadata=mapping(wire.get("meta")),
        started_by=text(source.get("label")) or text(source.get("id")),
        wait=Wait(wakes_at=moment(wire, "wake_at")),
        plan=(),
        error_type=maybe_text(wire.get("error_type")),
        error_message=maybe_text(wire.get("error_message")),
        created_at=created,
        started_at=moment(wire, "started_at"),
        completed_at=moment(wire, "completed_at"),
        updated_at=updated,
        raw=wire,
    )


def read_step(payload: Any) -> Step:
    """Raises UnreadableError."""
    wire = identified(payload)
    created, updated = created_and_updated(wire)
    return Step(
        id=wire["id"],
        run_id=text(wire.get("run_id")),
        name=text(wire.get("step_name")) or text(wire.get("step_key")),
        kind=text(wire.get("kind")),
        status=enum_member(StepStatus, wire.get("status"), StepStatus.OTHER),
        status_word=text(wire.get("status")),
        attempt=integer(wire.get("attempt")),
        order=integer(wire.get("seq")),
        error_type=maybe_text(wire.get("error_type")),
        error_message=maybe_text(wire.get("error_message")),
        started_at=moment(wire, "started_at"),
        completed_at=moment(wire, "completed_at"),
        created_at=created,
        updated_at=updated,
        raw=wire,
    )


def read_frame(frame: ServerSentEvent) -> Event | None:
    """The number of an event is in its data, and in ``frame.id`` unless upstream leaves it out."""
    if not frame.data:
        return None
    try:
        payload = parts(body.loads(frame.data))
    except ValueError:
        payload = {}
    try:
        return read_event({"sequence": frame.id, "event_type": frame.event} | payload)
    except UnreadableError:
        return None


def read_log(answer: Any) -> Page[Event]:
    """Raises UnreadableError."""
    page = read_page(answer, read_event)
    ends = not page.items or answer.get("has_more") is False
    cursor = None if ends else maybe_text(answer.get("next_sequence"))
    return page.model_copy(update={"next_cursor": cursor})


def read_event(payload: Any) -> Event:
    """It never has the resource that has changed. Raises UnreadableError."""
    wire = parts(payload)
    seq, type = integer(wire.get("sequence")), text(wire.get("event_type"))
    if not seq:
        raise UnreadableError("an event without its number")
    subject, _, happened = type.partition(".")
    status = _STATUSES.get(happened) if subject in _KINDS else None
    step = maybe_text(wire.get("step_key"))
    return Event(
        kind=_KINDS[subject] if status else EventKind.OTHER,
        type=type,
        seq=seq,
        run_id=maybe_text(wire.get("run_id")),
        at=moment(wire, "created_at"),
        data=mapping(wire.get("payload")) | without_none(step=step, status=status),
        without_state=subject in _CHANGES,
    )
