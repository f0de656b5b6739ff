"""A Mobius over real HTTP: the engine in one process a session, with a fresh project a test; and a
server of what the guide names alone.
"""

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import httpx_sse
import pytest

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
    """A project of its own on an engine, with the cast and both groups.

    ``tokens`` are the members', by user id; ``groups`` the ids, by handle. ``http`` calls it as a
    machine, ``as_`` as a person; paths are relative to the project.
    """

    def __init__(self, engine: EngineProcess, handle: str) -> None:
        created = engine.provision(handle=handle, people=PEOPLE, groups=GROUPS)
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
        """Where the project's paths begin, with a slash at the end."""
        return f"{self.base_url}/v1/projects/{self.handle}/"

    @property
    def http(self) -> httpx.Client:
        """A plain client with the service key."""
        return self.with_token(self.service_key)

    def as_(self, user_id: str) -> httpx.Client:
        """A plain client with that person's token."""
        return self.with_token(self.tokens[user_id])

    def with_token(self, token: str) -> httpx.Client:
        """A plain client with any token."""
        with self._turn:
            if token not in self._clients:
                self._clients[token] = httpx.Client(
                    base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60
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
        """The one question that the run waits for, once it is suspended."""
        self.wait_for(run_id, "suspended")
        listed = self._made(
            self.http.get("interactions", params={"run_id": run_id, "status": "pending"})
        )
        (item,) = listed["items"]
        found: dict[str, Any] = item
        return found

    def close(self) -> None:
        """Close the clients."""
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


def fresh_project(engine: EngineProcess) -> Project:
    """A project that no other test has."""
    return Project(engine, f"project-{next(_numbers)}")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The session's engine. A test that kills it must start it again."""
    process = EngineProcess(databases.environment(tmp_path_factory.mktemp("engine"), "session"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def project(engine: EngineProcess) -> Iterator[Project]:
    """A fresh project on the session's engine."""
    created = fresh_project(engine)
    yield created
    created.close()


@pytest.fixture
def guide_server() -> Iterator[GuideServer]:
    """A Mobius that has only what the guide names, until a test lets it offer more."""
    with GuideServer() as server:
        yield server
