"""The interface of adapters: one generation's calls, in our types."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from httpx_sse import ServerSentEvent

from inbox.mobius.errors import Refusal, TooLarge
from inbox.mobius.types import (
    DeviceCode,
    DeviceToken,
    Event,
    Group,
    GroupMember,
    Interaction,
    Page,
    Person,
    PolicyKind,
    QuestionAnswer,
    Run,
    Step,
)

T = TypeVar("T")
Query = Mapping[str, str | int]


class UnreadableError(ValueError):
    """A payload that isn't an object, or has no id."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and how the JSON of its response is read.

    ``path`` follows ``Adapter.root``, or with ``of_server`` the part of it that all projects share.
    ``read`` raises UnreadableError. One with a ``form`` is OAuth's: it is sent without the token,
    and the ``code`` of its errors is OAuth's ``error``.
    """

    path: str
    read: Callable[[Any], T]
    method: str = "GET"
    query: Query = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    of_server: bool = False


class Adapter(Protocol):
    """One generation of the API. The client sends what these methods return.

    Paths, field names, status words, token formats and paging are known here and nowhere else. An
    adapter sends nothing itself and has no state, so that one object serves every token.
    """

    service_key_prefix: str
    member_token_prefix: str
    person_prefix: str
    """How the IDs of people begin where machines have IDs too; else empty."""
    says_cancelled: bool
    """Of questions. Without such a status, a cancelled one is ``expired``."""
    has_groups: bool
    has_tasks: bool
    has_reviews: bool
    """Questions can be in review, and are listed by that status."""
    has_runs: bool
    has_retries: bool
    """A failed run can be retried."""
    cancels_questions: bool
    shares_limits: bool
    """A 429 is about all calls and processes, not one call: they slow down together."""
    has_machines: bool
    """They are listed by name. Every other ID is a person's."""
    answers_prove_tokens: bool
    """A response names the owner of the token that it was sent with."""
    signs_in_by_device: bool
    """People may get a member token by device flow (RFC 8628)."""

    def root(self, base_url: str, project: str) -> str: ...

    def read_refusal(self, body: Any) -> Refusal: ...

    # Interactions

    def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        limit: int | None,
        cursor: str | None = None,
    ) -> Call[Page[Interaction]]: ...

    def interaction(self, id: str) -> Call[Interaction]: ...

    def create_interaction(self, body: dict[str, Any]) -> Call[Interaction]:
        """``body`` is in the guide's form."""

    def respond(
        self,
        id: str,
        *,
        raw: dict[str, Any],
        answers: Sequence[QuestionAnswer],
        comment: str | None,
    ) -> Call[Interaction]:
        """Answer as the token's owner. ``raw`` is the interaction as upstream sent it, which says
        how it is answered.
        """

    def claim(self, id: str) -> Call[Interaction]:
        """Reserve a first-responder question for the token's owner."""

    def release(self, id: str) -> Call[Interaction]: ...

    def review(self, id: str, *, action: str, comment: str | None) -> Call[Interaction]:
        """``accept`` what was submitted or ``request_changes``, as the token's owner."""

    def cancel_interaction(self, id: str, *, reason: str) -> Call[None]:
        """An open one: pending or in review."""

    def without_answers(self, raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
        """``Interaction.raw`` without values and comments, except those of the user ``but``."""

    # Runs

    def start_run(
        self,
        *,
        spec: dict[str, Any],
        inputs: dict[str, Any] | None,
        metadata: dict[str, str] | None,
    ) -> Call[Run]: ...

    def runs(
        self, *, status: str | None = None, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Run]]: ...

    def run(self, id: str) -> Call[Run]:
        """The run with its plan."""

    def steps(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Step]]: ...

    def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None) -> Call[str]:
        """Bypasses interactions; read as the signal's id."""

    def cancel_run(self, run_id: str) -> Call[None]: ...

    def retry_run(self, run_id: str) -> Call[Run]:
        """It goes on from the step that failed."""

    def stop_reason(self, raw: dict[str, Any]) -> str:
        """Why the run ended, from ``Run.raw``; empty if upstream doesn't say."""

    def awaited_signal(self, raw: dict[str, Any]) -> str:
        """What a step waits for, from ``Step.raw``; empty for none, or if the run says it."""

    # Events

    def events(self, run_id: str | None) -> str: ...

    def resume(self, seq: int) -> tuple[Query, dict[str, str]]:
        """Resumes the stream after ``seq``."""

    def log(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Event]]:
        """A run's log as a list, oldest first."""

    def read_frame(self, frame: ServerSentEvent, *, first: bool) -> Event | None:
        """None if the frame has no event. ``first``: it is the connection's first frame."""

    # Groups and people

    def groups(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Group]]:
        """One page, newest first."""

    def update_group(self, group: str, *, routing: PolicyKind) -> Call[Group]:
        """Raises ValueError for an unsupported policy."""

    def members(
        self, group: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[GroupMember]]: ...

    def add_member(self, group: str, user_id: str) -> Call[GroupMember]: ...

    def remove_member(self, group: str, user_id: str) -> Call[None]: ...

    def me(self) -> Call[Person | None]:
        """The owner of the member token, None if upstream doesn't say."""

    def machines(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Person]]:
        """What asks and answers besides people, with its name."""

    def device_code(self, project: str) -> Call[DeviceCode]:
        """Begin a sign-in. ``project`` is what the token is meant for; it may be empty."""

    def device_token(self, device_code: str) -> Call[DeviceToken]: ...

    def revoke_credential(self, credential_id: str) -> Call[None]:
        """``DeviceToken.credential_id`` of the token that it is sent with."""

    # Lists: ``limit`` is how many items a page may have, None for upstream's default

    def page_without(self, record: TooLarge, path: str) -> Page[Any]:
        """An empty page in place of one record, with the cursor after it if it can be found."""
