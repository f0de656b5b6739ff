"""The calls of this generation: paths, queries and bodies."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from httpx_sse import ServerSentEvent

from inbox.mobius.adapters import lists
from inbox.mobius.adapters.adapter import Call, Query
from inbox.mobius.adapters.base import missing, path_of, read_refusal, without_none
from inbox.mobius.adapters.guide.event import read_frame
from inbox.mobius.adapters.guide.group import read_group, read_member, read_person, write_routing
from inbox.mobius.adapters.guide.interaction import read_interaction, without_answers
from inbox.mobius.adapters.guide.run import read_run, read_signal, read_step
from inbox.mobius.adapters.lists import page_of
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


class GuideAdapter:
    """See ``Adapter``. A generation whose paths differ names its own."""

    interactions_path = "/interactions"
    runs_path = "/runs"
    groups_path = "/groups"
    members_path = "/members"

    service_key_prefix = "mbx_"
    member_token_prefix = "mbc_"  # nosec B105 # a prefix, no secret
    person_prefix = ""
    says_cancelled = False
    has_groups = True
    has_tasks = False
    has_reviews = False
    cancels_questions = False
    shares_limits = False
    has_machines = False
    answers_prove_tokens = False
    signs_in_by_device = False
    has_runs = True
    has_retries = False

    def root(self, base_url: str, project: str) -> str:
        return f"{base_url.rstrip('/')}/v1/projects/{quote(project, safe='')}"

    def read_refusal(self, body: Any) -> Refusal:
        return read_refusal(body)

    def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        limit: int | None,
        cursor: str | None = None,
    ) -> Call[Page[Interaction]]:
        query = without_none(status=status, run_id=run_id, limit=limit, cursor=cursor)
        return Call(self.interactions_path, page_of(read_interaction), query=query)

    def interaction(self, id: str) -> Call[Interaction]:
        return Call(path_of(self.interactions_path, id), read_interaction)

    def create_interaction(self, body: dict[str, Any]) -> Call[Interaction]:
        return Call(self.interactions_path, read_interaction, "POST", json=body)

    def respond(
        self,
        id: str,
        *,
        raw: dict[str, Any],
        answers: Sequence[QuestionAnswer],
        comment: str | None,
    ) -> Call[Interaction]:
        (answer,) = answers
        body = {"value": answer.content} | without_none(comment=comment)
        path = path_of(self.interactions_path, id) + "/respond"
        return Call(path, read_interaction, "POST", json=body)

    def claim(self, id: str) -> Call[Interaction]:
        return Call(path_of(self.interactions_path, id) + "/claim", read_interaction, "POST")

    def release(self, id: str) -> Call[Interaction]:
        return Call(path_of(self.interactions_path, id) + "/release", read_interaction, "POST")

    def review(self, id: str, *, action: str, comment: str | None) -> Call[Interaction]:
        raise missing("reviews")

    def cancel_interaction(self, id: str, *, reason: str) -> Call[None]:
        raise missing("cancelling of questions")

    def without_answers(self, raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
        return without_answers(raw, but=but)

    def start_run(
        self,
        *,
        spec: dict[str, Any],
        inputs: dict[str, Any] | None,
        metadata: dict[str, str] | None,
    ) -> Call[Run]:
        body = without_none(spec=spec, inputs=inputs, metadata=metadata)
        return Call(self.runs_path, read_run, "POST", json=body)

    def runs(
        self, *, status: str | None = None, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Run]]:
        query = without_none(status=status, limit=limit, cursor=cursor)
        return Call(self.runs_path, page_of(read_run), query=query)

    def run(self, id: str) -> Call[Run]:
        return Call(path_of(self.runs_path, id), read_run)

    def steps(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Step]]:
        path = path_of(self.runs_path, run_id) + "/steps"
        return Call(path, page_of(read_step), query=without_none(limit=limit, cursor=cursor))

    def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None) -> Call[str]:
        path = path_of(self.runs_path, run_id) + "/signals"
        return Call(path, read_signal, "POST", json=without_none(name=name, payload=payload))

    def cancel_run(self, run_id: str) -> Call[None]:
        return Call(path_of(self.runs_path, run_id) + "/cancellations", _nothing, "POST")

    def retry_run(self, run_id: str) -> Call[Run]:
        raise missing("retries")

    def stop_reason(self, raw: dict[str, Any]) -> str:
        return ""

    def awaited_signal(self, raw: dict[str, Any]) -> str:
        return ""

    def events(self, run_id: str | None) -> str:
        return (
            f"{self.runs_path}/events"
            if run_id is None
            else path_of(self.runs_path, run_id) + "/events"
        )

    def resume(self, seq: int) -> tuple[Query, dict[str, str]]:
        return {"since": str(seq)}, {"Last-Event-ID": str(seq)}

    def log(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Event]]:
        raise missing("logs other than streams")

    def read_frame(self, frame: ServerSentEvent, *, first: bool) -> Event | None:
        return read_frame(frame, first=first)

    def groups(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Group]]:
        return Call(
            self.groups_path, page_of(read_group), query=without_none(limit=limit, cursor=cursor)
        )

    def update_group(self, group: str, *, routing: PolicyKind) -> Call[Group]:
        body = {"routing_policy": write_routing(routing)}
        return Call(path_of(self.groups_path, group), read_group, "PATCH", json=body)

    def members(
        self, group: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[GroupMember]]:
        path = path_of(self.groups_path, group) + self.members_path
        return Call(path, page_of(read_member), query=without_none(limit=limit, cursor=cursor))

    def add_member(self, group: str, user_id: str) -> Call[GroupMember]:
        path = path_of(self.groups_path, group) + self.members_path
        return Call(path, read_member, "POST", json={"user_id": user_id})

    def remove_member(self, group: str, user_id: str) -> Call[None]:
        path = path_of(self.groups_path, group) + path_of(self.members_path, user_id)
        return Call(path, _nothing, "DELETE")

    def me(self) -> Call[Person | None]:
        return Call(f"{self.members_path}/me", read_person)

    def machines(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Person]]:
        raise missing("list of machines")

    def device_code(self, project: str) -> Call[DeviceCode]:
        raise missing("sign-in")

    def device_token(self, device_code: str) -> Call[DeviceToken]:
        raise missing("sign-in")

    def revoke_credential(self, credential_id: str) -> Call[None]:
        raise missing("sign-in")

    def page_without(self, record: TooLarge, path: str) -> Page[Any]:
        return lists.page_without(record, path.rpartition("/")[2])


def _nothing(_: Any) -> None:
    return None
