"""The calls of generations B and C."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from httpx_sse import ServerSentEvent

from inbox.mobius.adapters import base, lists
from inbox.mobius.adapters.adapter import Call, Query
from inbox.mobius.adapters.base import missing, path_of, without_none
from inbox.mobius.adapters.later.answers import write_answers, write_form
from inbox.mobius.adapters.later.device import read_device_code, read_device_token
from inbox.mobius.adapters.later.interaction import (
    read_interaction,
    without_answers,
    write_interaction,
)
from inbox.mobius.adapters.later.person import read_machine, read_owner
from inbox.mobius.adapters.later.run import read_frame, read_log, read_run, read_step
from inbox.mobius.adapters.lists import page_of
from inbox.mobius.adapters.tolerant import text
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

MOST_ITEMS = 100
"""Of a page. What happens beyond is not published."""
LABEL, CLIENT = "Reviewer inbox", "reviewer-inbox"
"""What a person who signs in by device flow sees in Mobius."""
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class LaterAdapter:
    """See ``Adapter``. The questions of B and C, and none of the calls that only B has."""

    service_key_prefix = "mbx_"
    member_token_prefix = "mbc_"  # nosec B105 # a prefix, no secret
    person_prefix = "user_"
    says_cancelled = True
    has_groups = False
    has_tasks = True
    has_reviews = True
    cancels_questions = True
    shares_limits = True
    has_machines = True
    answers_prove_tokens = True
    signs_in_by_device = True

    def root(self, base_url: str, project: str) -> str:
        return f"{base_url.rstrip('/')}/v1"

    def read_refusal(self, body: Any) -> Refusal:
        return base.read_refusal(body)

    def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        limit: int | None,
        cursor: str | None = None,
    ) -> Call[Page[Interaction]]:
        query = _page_query(limit, cursor, status=status, run_id=run_id)
        return Call("/interactions", page_of(read_interaction), query=query)

    def interaction(self, id: str) -> Call[Interaction]:
        return Call(path_of("/interactions", id), read_interaction)

    def create_interaction(self, body: dict[str, Any]) -> Call[Interaction]:
        return Call("/interactions", read_interaction, "POST", json=write_interaction(body))

    def respond(
        self,
        id: str,
        *,
        raw: dict[str, Any],
        answers: Sequence[QuestionAnswer],
        comment: str | None,
    ) -> Call[Interaction]:
        body = {"action": "submit"} | write_answers(raw.get("spec"), answers)
        path = path_of("/interactions", id) + "/respond"
        return Call(path, read_interaction, "POST", json=body | without_none(comment=comment))

    def claim(self, id: str) -> Call[Interaction]:
        raise missing("claims")

    def release(self, id: str) -> Call[Interaction]:
        raise missing("claims")

    def review(self, id: str, *, action: str, comment: str | None) -> Call[Interaction]:
        body = {"action": action} | without_none(comment=comment)
        path = path_of("/interactions", id) + "/review"
        return Call(path, read_interaction, "POST", json=body)

    def cancel_interaction(self, id: str, *, reason: str) -> Call[None]:
        path = path_of("/interactions", id) + "/cancel"
        return Call(path, _nothing, "POST", json={"reason": reason})

    def without_answers(self, raw: dict[str, Any], *, but: str | None) -> dict[str, Any]:
        return without_answers(raw, but=but)

    def start_run(
        self,
        *,
        spec: dict[str, Any],
        inputs: dict[str, Any] | None,
        metadata: dict[str, str] | None,
    ) -> Call[Run]:
        """A run has no spec of its own in B."""
        raise missing("such runs")

    def runs(
        self, *, status: str | None = None, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Run]]:
        raise missing("runs")

    def run(self, id: str) -> Call[Run]:
        raise missing("runs")

    def steps(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Step]]:
        raise missing("runs")

    def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None) -> Call[str]:
        raise missing("runs")

    def cancel_run(self, run_id: str) -> Call[None]:
        raise missing("runs")

    def retry_run(self, run_id: str) -> Call[Run]:
        raise missing("runs")

    def stop_reason(self, raw: dict[str, Any]) -> str:
        return text(raw.get("stop_reason"))

    def awaited_signal(self, raw: dict[str, Any]) -> str:
        waits = raw.get("kind") == "wait_for_event" and raw.get("status") == "suspended"
        return text(raw.get("step_key")) if waits else ""

    def events(self, run_id: str | None) -> str:
        raise missing("events")

    def resume(self, seq: int) -> tuple[Query, dict[str, str]]:
        return {"after_sequence": str(seq)}, {}

    def log(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Event]]:
        raise missing("runs")

    def read_frame(self, frame: ServerSentEvent, *, first: bool) -> Event | None:
        return read_frame(frame)

    def groups(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Group]]:
        raise missing("groups")

    def update_group(self, group: str, *, routing: PolicyKind) -> Call[Group]:
        raise missing("groups")

    def members(
        self, group: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[GroupMember]]:
        raise missing("groups")

    def add_member(self, group: str, user_id: str) -> Call[GroupMember]:
        raise missing("groups")

    def remove_member(self, group: str, user_id: str) -> Call[None]:
        raise missing("groups")

    def me(self) -> Call[Person | None]:
        """The list of a person's credentials is published, and that it names the person is not."""
        return Call("/auth/cli-credentials", read_owner, of_server=True)

    def machines(self, *, limit: int | None, cursor: str | None = None) -> Call[Page[Person]]:
        return Call("/principals", page_of(read_machine), query=_page_query(limit, cursor))

    def device_code(self, project: str) -> Call[DeviceCode]:
        form = {"mobius_label": LABEL, "mobius_client": CLIENT}
        if project:
            form["mobius_requested_project_handle"] = project
        return Call("/auth/device/code", read_device_code, "POST", form=form, of_server=True)

    def device_token(self, device_code: str) -> Call[DeviceToken]:
        form = {"grant_type": DEVICE_GRANT, "device_code": device_code}
        return Call("/auth/device/token", read_device_token, "POST", form=form, of_server=True)

    def revoke_credential(self, credential_id: str) -> Call[None]:
        path = path_of("/auth/cli-credentials", credential_id)
        return Call(path, _nothing, "DELETE", of_server=True)

    def page_without(self, record: TooLarge, path: str) -> Page[Any]:
        return lists.page_without(record, path.rpartition("/")[2])


class AdapterB(LaterAdapter):
    """With the project in the path, and with runs."""

    has_runs = True
    has_retries = True

    def root(self, base_url: str, project: str) -> str:
        return f"{base_url.rstrip('/')}/v1/projects/{quote(project, safe='')}"

    def runs(
        self, *, status: str | None = None, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Run]]:
        return Call("/runs", page_of(read_run), query=_page_query(limit, cursor, status=status))

    def run(self, id: str) -> Call[Run]:
        return Call(path_of("/runs", id), read_run)

    def steps(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Step]]:
        """All of them: this list has no pages."""
        return Call(path_of("/runs", run_id) + "/steps", page_of(read_step))

    def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None) -> Call[str]:
        """``name`` is the key of the step that waits."""
        body = without_none(step_key=name, result=payload)
        return Call(path_of("/runs", run_id) + "/signals", _no_id, "POST", json=body)

    def cancel_run(self, run_id: str) -> Call[None]:
        return Call(path_of("/runs", run_id) + "/cancel", _nothing, "POST", json={})

    def retry_run(self, run_id: str) -> Call[Run]:
        return Call(path_of("/runs", run_id) + "/retry", read_run, "POST", json={})

    def events(self, run_id: str | None) -> str:
        if run_id is None:
            raise missing("events of all runs")
        return path_of("/runs", run_id) + "/events"

    def log(
        self, run_id: str, *, limit: int | None, cursor: str | None = None
    ) -> Call[Page[Event]]:
        """The cursor is the number of the event before."""
        query = _page_query(limit, None, after_sequence=cursor or "0")
        return Call(self.events(run_id), read_log, query=query)


class AdapterC(LaterAdapter):
    """Without the project, which the token stands for, and without runs."""

    has_runs = False
    has_retries = False

    def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        limit: int | None,
        cursor: str | None = None,
    ) -> Call[Page[Interaction]]:
        if run_id is not None:
            raise missing("runs")
        return super().interactions(status=status, limit=limit, cursor=cursor)

    def create_interaction(self, body: dict[str, Any]) -> Call[Interaction]:
        """As a form of several, which the first releases do not have."""
        wire = write_interaction(body)
        wire["spec"] = write_form(wire["spec"], wire["title"])
        return Call("/interactions", read_interaction, "POST", json=wire)


def _page_query(limit: int | None, cursor: str | None, **filters: str | None) -> dict[str, Any]:
    most = None if limit is None else min(limit, MOST_ITEMS)
    return without_none(**filters, limit=most, cursor=cursor)


def _no_id(_: Any) -> str:
    return ""


def _nothing(_: Any) -> None:
    return None
