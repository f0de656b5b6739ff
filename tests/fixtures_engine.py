"""A Mobius over real HTTP: the engine in one process a session, with a fresh project a test; and a
server of what the guide names alone.
"""

import itertools
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import httpx_sse
import pytest

from inbox.engine import stories
from tests.support import databases
from tests.support.engine_process import EngineProcess
from tests.upstream import GuideServer

PEOPLE = {
    "user_rina": "Rina",
    "user_sam": "Sam",
    "user_lee": "Lee",
    "user_tess": "Tess",
    "user_mallory": "Mallory",
}
REVIEWERS = ["user_rina", "user_sam", "user_lee"]
GROUPS: list[dict[str, Any]] = [
    {
        "handle": "approvers",
        "name": "Approvers",
        "routing_policy": "first_responder",
        "members": REVIEWERS,
    },
    {
        "handle": "change-board",
        "name": "Change board",
        "routing_policy": "all_members",
        "members": REVIEWERS,
    },
]

_numbers = itertools.count(1)


class Project:
    """``tokens`` are by user id, ``groups`` (ids) by handle. ``http`` calls as a machine, ``as_``
    as a person; paths are relative to the project.
    """

    api = "a"

    def __init__(self, engine: EngineProcess, handle: str) -> None:
        created = engine.provision(handle=handle, api=self.api, people=PEOPLE, groups=GROUPS)
        self.engine = engine
        self.handle = handle
        self.base_url = engine.base_url
        self.service_key: str = created["service_key"]
        self.tokens: dict[str, str] = created["members"]
        self.groups: dict[str, str] = created["groups"]
        self._clients: dict[str, httpx.Client] = {}
        self._turn = threading.Lock()

    @property
    def url(self) -> str:
        return f"{self.base_url}/v1/projects/{self.handle}/"

    @property
    def http(self) -> httpx.Client:
        return self.with_token(self.service_key)

    def as_(self, user_id: str) -> httpx.Client:
        return self.with_token(self.tokens[user_id])

    def with_token(self, token: str) -> httpx.Client:
        with self._turn:
            if token not in self._clients:
                self._clients[token] = httpx.Client(
                    base_url=self.url,
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=60,
                    verify=False,  # HTTP: reading certificates would take 10 ms
                )
            return self._clients[token]

    def ask(self, **fields: Any) -> dict[str, Any]:
        """A standalone interaction; without fields Rina is asked for an approval."""
        body = {
            "type": "approval",
            "message": "Ship it?",
            "target": {"type": "user", "id": "user_rina"},
            **fields,
        }
        return self._made(self.http.post("interactions", json=body))

    def start(self, *steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A run of these steps; ``name``, ``inputs`` and the like are fields."""
        spec = {"name": fields.pop("name", "release"), "steps": list(steps)}
        return self._made(self.http.post("runs", json={"spec": spec, **fields}))

    def question(self, name: str = "ask", **fields: Any) -> dict[str, Any]:
        """A step that asks; without fields Rina, for an approval, within an hour."""
        config = {
            "type": "approval",
            "message": "Ship it?",
            "target": {"type": "user", "id": "user_rina"},
            "timeout": "1h",
            "spec": {"mode": "confirm"},
            **fields,
        }
        return {"name": name, "interaction": config}

    def wait_for(self, run_id: str, *statuses: str) -> dict[str, Any]:
        """Follow the run's events until it has one of the statuses; the run as it was then."""
        with httpx_sse.connect_sse(self.http, "GET", f"runs/{run_id}/events") as source:
            for event in source.iter_sse():
                frame = event.json()
                if frame["type"] == "run_updated" and frame["data"]["status"] in statuses:
                    run: dict[str, Any] = frame["data"]
                    return run
        raise AssertionError(f"the stream of {run_id} ended before it was {statuses}")

    def pending(self, run_id: str) -> dict[str, Any]:
        self.wait_for(run_id, "suspended")
        listed = self._made(
            self.http.get("interactions", params={"run_id": run_id, "status": "pending"})
        )
        (item,) = listed["items"]
        found: dict[str, Any] = item
        return found

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def hang_up(self) -> None:
        """Close the connections to an engine that has stopped; the next call opens new ones."""
        with self._turn:
            self.close()
            self._clients.clear()

    @staticmethod
    def _made(response: httpx.Response) -> dict[str, Any]:
        assert response.is_success, response.text
        made: dict[str, Any] = response.json()
        return made


class LaterProject(Project):
    """The same for generation B. No call starts a run of steps, so ``run_story`` does."""

    api = "b"
    spec: dict[str, Any] = {"mode": "confirm"}

    def ask(self, **fields: Any) -> dict[str, Any]:
        """Without fields Rina is asked for an approval."""
        body = {
            "kind": "request_approval",
            "title": "Ship it?",
            "target_user_ids": ["user_rina"],
            "spec": self.spec,
            **fields,
        }
        return self._made(self.http.post("interactions", json=body))

    def run_story(self, *steps: dict[str, Any], **fields: Any) -> str:
        """The id of a run of these steps."""
        spec = {"name": fields.pop("name", "release"), "steps": list(steps)}
        return self.engine.send(self.handle, path="/runs", body={"spec": spec, **fields})

    def tell_the_morning(self) -> None:
        for post in stories.morning(datetime.now(UTC), self.api):
            told = {name: value for name, value in vars(post).items() if name != "answer"}
            answer = {"answer": vars(post.answer)} if post.answer else {}
            self.engine.send(self.handle, **told, **answer)


class Organization(LaterProject):
    """The same for generation C, whose paths have no project."""

    api = "c"
    spec = {"questions": [{"id": "ship", "prompt": "Ship it?", "mode": "confirm"}]}

    @property
    def url(self) -> str:
        return f"{self.base_url}/v1/"

    def run_story(self, *steps: dict[str, Any], **fields: Any) -> str:
        """The id of the session that C shows for the run."""
        return f"ses_{super().run_story(*steps, **fields).removeprefix('run_')}"


def fresh_project(engine: EngineProcess) -> Project:
    return Project(engine, f"project-{next(_numbers)}")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The session's engine. A test that kills it must start it again."""
    process = EngineProcess(databases.environment(tmp_path_factory.mktemp("engine"), "session"))
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def engine_c(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One that speaks generation C."""
    folder = tmp_path_factory.mktemp("engine-c")
    process = EngineProcess(databases.environment(folder, "session_c"), ENGINE_API="c")
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def engine_b(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """One that speaks generation B."""
    folder = tmp_path_factory.mktemp("engine-b")
    process = EngineProcess(databases.environment(folder, "session_b"), ENGINE_API="b")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def later_project(engine_b: EngineProcess) -> Iterator[LaterProject]:
    created = LaterProject(engine_b, f"later-{next(_numbers)}")
    yield created
    created.close()


@pytest.fixture
def organization(engine_c: EngineProcess) -> Iterator[Organization]:
    created = Organization(engine_c, f"organization-{next(_numbers)}")
    yield created
    created.close()


@pytest.fixture
def project(engine: EngineProcess) -> Iterator[Project]:
    created = fresh_project(engine)
    yield created
    created.close()


@pytest.fixture
def guide_server() -> Iterator[GuideServer]:
    """A Mobius that has only what the guide names, until a test lets it offer more."""
    with GuideServer() as server:
        yield server
