"""An interaction: what a workflow asks a person."""

from enum import StrEnum
from typing import Any

from inbox.mobius.types.base import Record, Stamp


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


LACKABLE = ("target", "message", "spec", "policy")
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
        lacks: which of ``LACKABLE`` the payload does not have.
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
    lacks: tuple[str, ...] = ()
    raw: dict[str, Any]

    @property
    def partial(self) -> bool:
        """Whether it is probably a list item, and reading it by id would give more."""
        return any(name in self.lacks for name in ("target", "message", "spec"))
