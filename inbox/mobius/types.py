"""Interactions, runs and groups as the product has them, independent of API generations.

An adapter (``inbox.mobius.adapters``) reads a generation's payloads into these types; nothing
outside ``inbox.mobius`` knows the API's field names.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from inbox.instants import in_utc

T = TypeVar("T")


NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a required time that upstream does not give."""

Stamp = Annotated[datetime, AfterValidator(in_utc)]


class Record(BaseModel):
    """Immutable; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Record, Generic[T]):
    """One page of a list, newest first. ``next_cursor`` is None on the last page.

    ``skipped`` names records that are too large to be read, by id if that was found.
    """

    items: tuple[T, ...]
    next_cursor: str | None = None
    skipped: tuple[str, ...] = ()


class InteractionStatus(StrEnum):
    """``OTHER`` stands for an unknown status; ``Interaction.status_word`` has it."""

    PENDING = "pending"
    COMPLETED = "completed"
    EXPIRED = "expired"
    OTHER = "other"


class PolicyKind(StrEnum):
    """Who must answer before the interaction completes."""

    ANY = "any"
    ALL = "all"
    QUORUM = "quorum"


class Policy(Record):
    """``quorum`` is the number of answers needed, for ``QUORUM`` only."""

    kind: PolicyKind = PolicyKind.ANY
    quorum: int | None = None


class Option(Record):
    """One choice of a ``select`` or ``multi_select`` question."""

    value: str
    label: str
    description: str = ""


class Question(Record):
    """One thing to answer. ``mode`` may be unknown to this app. ``default`` has the shape of a
    value of that mode, None if the question suggests none.
    """

    mode: str
    options: tuple[Option, ...] = ()
    default: Any = None
    placeholder: str = ""
    multiline: bool = False


class Target(Record):
    """The assignee: ``type`` is ``user``, ``group``, ``agent`` or unknown."""

    type: str
    id: str


class Answer(Record):
    """A person's or agent's answer. ``user_id`` is None if upstream names no one."""

    user_id: str | None
    value: Any
    comment: str | None = None
    at: Stamp | None = None


MAYBE_UNKNOWN = ("target", "message", "spec", "policy")
"""``policy``: how many of a group must answer."""


class PlannedInteraction(Record):
    """What an interaction step of a workflow's spec will ask.

    Fields are None if the spec does not say, or if they depend on the run's inputs or steps.
    """

    type: str = ""
    target: Target | None = None
    message: str | None = None
    question: Question | None = None
    policy: Policy | None = None


class Interaction(Record):
    """An interaction as upstream has it now.

    Attributes:
        responses: every answer so far, in the order of the member snapshot if there is one.
        value, comment: the final response.
        members: the member snapshot (Mobius user ids); None for a target that is not a group and
            for a group whose snapshot is unknown.
        claimable: upstream shows claims on it.
        unknown_fields: which of ``MAYBE_UNKNOWN`` the payload does not have.
        raw: the payload.
    """

    id: str
    type: str
    status: InteractionStatus
    status_word: str = ""
    run_id: str | None = None
    signal_name: str | None = None
    message: str = ""
    context: dict[str, Any] = {}
    questions: tuple[Question, ...] = ()
    target: Target
    group_id: str | None = None
    members: tuple[str, ...] | None = None
    policy: Policy = Policy()
    claimed_by: str | None = None
    claimed_at: Stamp | None = None
    responses: tuple[Answer, ...] = ()
    responder_id: str | None = None
    value: Any = None
    comment: str | None = None
    expires_at: Stamp | None = None
    completed_at: Stamp | None = None
    created_at: Stamp
    updated_at: Stamp
    claimable: bool = False
    unknown_fields: tuple[str, ...] = ()
    raw: dict[str, Any]

    @property
    def partial(self) -> bool:
        """Whether it is probably a list item, and reading it by id would give more."""
        return any(name in self.unknown_fields for name in ("target", "message", "spec"))


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


class EventKind(StrEnum):
    """What an event is about. ``CURSOR`` only gives the stream's position."""

    RUN = "run"
    STEP = "step"
    INTERACTION = "interaction"
    ACTION = "action"
    CURSOR = "cursor"
    OTHER = "other"


class Event(Record):
    """An event of a stream. ``type`` is the API's (``run_updated`` …), kept for the timeline.

    ``logged`` is False for an event that is not in the log: the seed of a run's stream and the
    opening cursor of a project's. ``seq`` is strictly increasing within a project.
    """

    kind: EventKind
    type: str
    seq: int
    run_id: str | None = None
    at: Stamp | None = None
    logged: bool = True
    run: Run | None = None
    step: Step | None = None
    interaction: Interaction | None = None
    data: dict[str, Any] = {}

    @classmethod
    def cursor_at(cls, seq: int) -> "Event":
        """The event that only gives a stream's position."""
        return cls(kind=EventKind.CURSOR, type="", seq=seq, logged=False)


class Group(Record):
    """``routing`` is the policy of future interactions."""

    id: str
    handle: str
    name: str
    description: str = ""
    routing: PolicyKind = PolicyKind.ANY


class GroupMember(Record):
    """A person's place in a group."""

    user_id: str


class Person(Record):
    """A token's owner."""

    user_id: str
    name: str = ""


class Offer(StrEnum):
    """Whether something is offered. ``UNKNOWN`` never replaces a known value."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Capabilities(Record):
    """Each field but the last two is a call or feature of Mobius.

    Attributes:
        pending: the list of pending interactions, of the whole project.
        pending_of_run: that list, of one run.
        closed: the list of closed interactions.
        token_owner: upstream says who a token belongs to.
        claims: questions show whether they can be claimed.
        page_size: the largest ``limit`` that the list of interactions accepts; 0 if it accepts
            none, None if unknown.
        refused: statuses that a list does not know, such as ``runs: active``.
    """

    pending: Offer = Offer.UNKNOWN
    pending_of_run: Offer = Offer.UNKNOWN
    closed: Offer = Offer.UNKNOWN
    project_events: Offer = Offer.UNKNOWN
    run_events: Offer = Offer.UNKNOWN
    runs: Offer = Offer.UNKNOWN
    run: Offer = Offer.UNKNOWN
    steps: Offer = Offer.UNKNOWN
    groups: Offer = Offer.UNKNOWN
    token_owner: Offer = Offer.UNKNOWN
    signals: Offer = Offer.YES
    cancellation: Offer = Offer.YES
    claims: Offer = Offer.UNKNOWN
    page_size: int | None = None
    refused: tuple[str, ...] = ()

    def offers(self) -> dict[str, Offer]:
        """The functions by name."""
        return {name: value for name, value in self if isinstance(value, Offer)}

    def updated(self, probed: dict[str, Offer]) -> "Capabilities":
        """A copy with the ``probed`` values, except unknown ones."""
        certain = {name: offer for name, offer in probed.items() if offer is not Offer.UNKNOWN}
        return self.model_copy(update=certain)
