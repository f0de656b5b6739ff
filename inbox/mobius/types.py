"""Interactions, runs and groups as the product has them, independent of API generations.

An adapter (``inbox.mobius.adapters``) reads a generation's payloads into these types; nothing
outside ``inbox.mobius`` knows the API's field names.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from inbox.lib.instants import in_utc

T = TypeVar("T")


NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a required time that upstream does not give."""

Stamp = Annotated[datetime, AfterValidator(in_utc)]


class Generation(StrEnum):
    """The guide's API is A; ``docs/upstream.md`` has the others."""

    A = "a"
    B = "b"
    C = "c"


class Record(BaseModel):
    """Immutable; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Page(Record, Generic[T]):
    """``skipped`` names records that are too large to be read, by id if that was found."""

    items: tuple[T, ...]
    next_cursor: str | None = None
    skipped: tuple[str, ...] = ()


class InteractionStatus(StrEnum):
    """``OTHER`` stands for an unknown status; ``Interaction.status_word`` has it."""

    PENDING = "pending"
    IN_REVIEW = "in_review"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    OTHER = "other"


class PolicyKind(StrEnum):
    ANY = "any"
    ALL = "all"
    QUORUM = "quorum"


class Policy(Record):
    """``quorum`` is the number of answers needed, for ``QUORUM`` only."""

    kind: PolicyKind = PolicyKind.ANY
    quorum: int | None = None


class Option(Record):
    value: str
    label: str
    description: str = ""


ONLY_QUESTION = "answer"
"""The ID of the question of an interaction that has no IDs for its questions."""


class Question(Record):
    """``default`` has the shape of a value of ``mode``, which may be unknown to this app.

    ``prompt`` is empty for a question that the interaction's headline asks. ``max_length`` is in
    characters; None where upstream names no limit. ``min_selections`` and ``max_selections`` are
    for ``multi_select``, and text for *Other…* counts as one of them.
    """

    id: str = ONLY_QUESTION
    prompt: str = ""
    description: str = ""
    required: bool = True
    mode: str
    options: tuple[Option, ...] = ()
    default: Any = None
    placeholder: str = ""
    multiline: bool = False
    allow_other: bool = False
    min_selections: int | None = None
    max_selections: int | None = None
    max_length: int | None = None

    def answer(self, value: Any) -> "QuestionAnswer":
        """``value`` is of the kind that ``mode`` asks for, else any JSON."""
        if self.mode == "input" and isinstance(value, str):
            return QuestionAnswer(question=self.id, text=value)
        several = self.mode == "multi_select" and isinstance(value, list)
        if several and all(isinstance(choice, str) for choice in value):
            return QuestionAnswer(question=self.id, values=tuple(value))
        return QuestionAnswer(question=self.id, value=value)


class QuestionAnswer(Record):
    """The answer to one question. One of these is set: ``value`` for ``confirm`` (a boolean),
    ``select``, and anything that doesn't fit the question's mode; ``values`` for ``multi_select``;
    ``text`` for ``input``. ``other`` is the text of *Other…*: in place of ``value``, or beside
    ``values``.
    """

    question: str = ONLY_QUESTION
    value: Any = None
    values: tuple[str, ...] | None = None
    text: str | None = None
    other: str | None = None

    @property
    def content(self) -> Any:
        """What ``Question.answer`` was called with."""
        if self.values is not None:
            return list(self.values)
        return self.value if self.text is None else self.text


class Target(Record):
    """The assignee: ``type`` is ``user``, ``group``, ``agent`` or unknown."""

    type: str
    id: str


class Answer(Record):
    """A person's answers to all questions of an interaction, submitted together.

    ``user_id`` is None if upstream names no one. ``round`` counts the requests for changes that
    came before it.
    """

    user_id: str | None
    answers: tuple[QuestionAnswer, ...]
    comment: str | None = None
    at: Stamp | None = None
    round: int = 0


MAYBE_UNKNOWN = ("target", "message", "spec", "policy", "responses")
"""``policy``: how many of a group must answer."""


class PlannedInteraction(Record):
    """Fields are None if the spec does not say, or if they depend on the run's inputs or steps."""

    type: str = ""
    target: Target | None = None
    message: str | None = None
    question: Question | None = None
    policy: Policy | None = None


class Reference(Record):
    """What an interaction is about, or what supports it: an address, or an entity in Mobius.

    ``relation`` is upstream's word, such as ``evidence``. ``url`` may have any scheme.
    """

    label: str = ""
    relation: str = ""
    url: str = ""
    entity_type: str = ""
    entity_id: str = ""


class LifecycleEvent(Record):
    """A change of an interaction's status. ``action`` is upstream's word: ``created``,
    ``submitted_for_review``, ``accepted``, ``changes_requested``, ``resolved``, ``cancelled`` or
    ``expired``. ``actor_id`` is None for upstream itself.
    """

    action: str
    status: InteractionStatus
    actor_id: str | None = None
    comment: str | None = None
    round: int = 0
    at: Stamp | None = None


class Interaction(Record):
    """An interaction as upstream has it now.

    Attributes:
        type: ``approval``, ``review``, ``input``, ``task``, or upstream's word for another kind.
        message: the whole text: the headline, what follows it, and what the questions ask.
        responses: every answer so far, in the order of the member snapshot if there is one.
        value, comment: the final response.
        round: how many requests for changes there were. Only responses of this round count.
        members: the member snapshot (Mobius user ids); None where there is none or it is unknown.
        claimable: upstream shows claims on it.
        unknown_fields: which of ``MAYBE_UNKNOWN`` the payload does not have.
        title, description: the headline and the text, where upstream has them apart.
        subject, references: what it is about, and what supports it.
        created_by: the Mobius ID of the person or machine that asked, where upstream says.
        checkers: Mobius IDs of those who accept the answer or request changes; empty for an
            interaction without a review.
        feedback, checked_by: the last request for changes, and the last checker to decide. The
            feedback stays after the interaction is pending again.
        submitted_at: when it last went into review.
        lifecycle: oldest first; None if the payload does not say.
        session_id, turn_id: the conversation of the agent that asked, and the turn that waits.
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
    round: int = 0
    expires_at: Stamp | None = None
    completed_at: Stamp | None = None
    created_at: Stamp
    updated_at: Stamp
    claimable: bool = False
    unknown_fields: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    subject: Reference | None = None
    references: tuple[Reference, ...] = ()
    properties: dict[str, Any] = {}
    tags: dict[str, str] = {}
    created_by: str | None = None
    checkers: tuple[str, ...] = ()
    feedback: str | None = None
    checked_by: str | None = None
    submitted_at: Stamp | None = None
    lifecycle: tuple[LifecycleEvent, ...] | None = None
    cancel_reason: str | None = None
    session_id: str | None = None
    turn_id: str | None = None
    raw: dict[str, Any]

    @property
    def partial(self) -> bool:
        """Reading it by id would probably give more."""
        answered = self.status is InteractionStatus.COMPLETED
        names = ("target", "message", "spec", *(["responses"] if answered else []))
        return any(name in self.unknown_fields for name in names)


class RunStatus(StrEnum):
    """``ACTIVE`` is a published description's word for all unfinished runs."""

    QUEUED = "queued"
    RUNNING = "running"
    SUSPENDED = "suspended"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    OTHER = "other"

    @property
    def finished(self) -> bool:
        return self in (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED)


class StepStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    OTHER = "other"


class Wait(Record):
    wakes_at: Stamp | None = None
    signals: tuple[str, ...] = ()
    interaction_ids: tuple[str, ...] = ()


class StepPlan(Record):
    """``kind`` is interaction, wait_signal, sleep or action."""

    name: str
    kind: str
    description: str = ""
    asks: PlannedInteraction | None = None


class Run(Record):
    """``plan`` is None if the payload has no spec; empty where upstream has no plans.

    ``title`` is the run's own, beside the workflow's name; ``stop_reason`` is upstream's word for
    why it ended. ``started_by`` is a Mobius user id or a name, empty if unknown. ``partial``: only
    the status is given.
    """

    id: str
    workflow: str
    title: str = ""
    status: RunStatus
    stop_reason: str = ""
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
    """``CURSOR`` only gives the stream's position."""

    RUN = "run"
    STEP = "step"
    INTERACTION = "interaction"
    ACTION = "action"
    CURSOR = "cursor"
    OTHER = "other"


class Event(Record):
    """An event of a stream. ``type`` is the API's (``run_updated`` …), kept for the timeline.

    ``logged`` is False for an event that is not in the log: the seed of a run's stream and the
    opening cursor of a project's. ``seq`` is strictly increasing within a project, or within a run.
    ``assumed``: upstream doesn't tell the stream's position, so it is taken from elsewhere.
    ``without_state``: its run may have changed, in a way that the event does not tell.
    """

    kind: EventKind
    type: str
    seq: int
    run_id: str | None = None
    at: Stamp | None = None
    logged: bool = True
    assumed: bool = False
    without_state: bool = False
    run: Run | None = None
    step: Step | None = None
    interaction: Interaction | None = None
    data: dict[str, Any] = {}

    @classmethod
    def cursor_at(cls, seq: int, *, assumed: bool = False) -> "Event":
        return cls(kind=EventKind.CURSOR, type="", seq=seq, logged=False, assumed=assumed)


class Group(Record):
    """``routing`` is the policy of future interactions."""

    id: str
    handle: str
    name: str
    description: str = ""
    routing: PolicyKind = PolicyKind.ANY


class GroupMember(Record):
    user_id: str


class Person(Record):
    user_id: str
    name: str = ""


class DeviceCode(Record):
    """A sign-in by device flow that has begun. The person opens ``link`` and approves the
    ``user_code`` there. ``interval`` and ``expires_in`` are in seconds.
    """

    device_code: SecretStr
    user_code: str
    link: str
    interval: int
    expires_in: int


class DeviceToken(Record):
    """``project_id`` and ``project_handle`` are empty unless the token is for one project only."""

    token: SecretStr
    credential_id: str = ""
    project_id: str = ""
    project_handle: str = ""


class Offer(StrEnum):
    """``UNKNOWN`` never replaces a known value."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Capabilities(Record):
    """Attributes:
    pending: the list of pending interactions, of the whole project.
    pending_of_run: the same list, of one run.
    token_owner: upstream says who a token belongs to.
    claims: questions show if they can be claimed.
    device_sign_in: people can sign in by device flow; NO after a 404.
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
    device_sign_in: Offer = Offer.UNKNOWN
    page_size: int | None = None
    refused: tuple[str, ...] = ()

    def offers(self) -> dict[str, Offer]:
        return {name: value for name, value in self if isinstance(value, Offer)}

    def updated(self, probed: dict[str, Offer]) -> "Capabilities":
        certain = {name: offer for name, offer in probed.items() if offer is not Offer.UNKNOWN}
        return self.model_copy(update=certain)
