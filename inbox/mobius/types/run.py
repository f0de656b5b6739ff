"""A run of a workflow and its steps."""

from enum import StrEnum
from typing import Any

from inbox.mobius.types.base import Record, Stamp
from inbox.mobius.types.interaction import PlannedInteraction


class RunStatus(StrEnum):
    """``ACTIVE`` is what later generations have for all unfinished runs. ``OTHER`` stands for an
    unknown status; ``Run.status_word`` has it.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUSPENDED = "suspended"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    OTHER = "other"

    @property
    def finished(self) -> bool:
        """Whether it is a final status."""
        return self in (RunStatus.COMPLETED, RunStatus.FAILED)


class StepStatus(StrEnum):
    """``OTHER`` stands for an unknown status; ``Step.status_word`` has it."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OTHER = "other"


class Wait(Record):
    """What a suspended run waits for."""

    wakes_at: Stamp | None = None
    signals: tuple[str, ...] = ()
    interaction_ids: tuple[str, ...] = ()


class StepPlan(Record):
    """A step of the workflow's spec: ``kind`` is interaction, wait_signal, sleep or action.

    ``asks`` is what an interaction step asks.
    """

    name: str
    kind: str
    description: str = ""
    asks: PlannedInteraction | None = None


class Run(Record):
    """A run as upstream has it now. ``plan`` is None if the payload has no spec.

    ``started_by`` is a Mobius user id or a name, empty if unknown. ``partial``: only the status is
    given.
    """

    id: str
    workflow: str
    status: RunStatus
    status_word: str = ""
    queue: str = "default"
    attempt: int = 1
    inputs: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    external_id: str | None = None
    started_by: str = ""
    wait: Wait = Wait()
    plan: tuple[StepPlan, ...] | None = None
    error_type: str | None = None
    error_message: str | None = None
    created_at: Stamp
    started_at: Stamp | None = None
    completed_at: Stamp | None = None
    updated_at: Stamp
    partial: bool = False
    raw: dict[str, Any]


class Step(Record):
    """One attempt at one step of a run."""

    id: str
    run_id: str
    name: str
    kind: str = ""
    action: str = ""
    status: StepStatus
    status_word: str = ""
    attempt: int = 0
    order: int = 0
    error_type: str | None = None
    error_message: str | None = None
    started_at: Stamp | None = None
    completed_at: Stamp | None = None
    created_at: Stamp
    updated_at: Stamp
    raw: dict[str, Any]
