import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.engine.http.reading import newest, reading
from tests.fixtures_engine import Project, fresh_project
from tests.support import databases
from tests.support.engine_process import EngineProcess

KILLS = 5
EVENTS_BETWEEN_KILLS = 40


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Project]:
    process = EngineProcess(databases.environment(tmp_path, "mortal"))
    process.start()
    project = fresh_project(process)
    yield project
    project.close()
    process.stop()


class Follower(threading.Thread):
    """Follows the project over every break, with its cursor, until it has met ``last``."""

    def __init__(self, project: Project, up: threading.Event) -> None:
        super().__init__(name="follower")
        self._project = project
        self._up = up
        self._grown = threading.Condition()
        self.seqs: list[int] = []
        self.last: int | None = None

    def run(self) -> None:
        while not self._done():
            self._up.wait()
            try:
                with reading(self._project, f"runs/events?since={self._cursor()}") as stream:
                    assert next(stream).id == self._cursor()
                    for frame in stream:
                        assert frame.id is not None
                        self._met(frame.id)
                        if self._done():
                            return
            except (httpx.TransportError, StopIteration, AssertionError):
                continue

    def wait_for(self, count: int) -> None:
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.seqs) >= count, timeout=60)

    def _done(self) -> bool:
        return self.last is not None and self._cursor() >= self.last

    def _cursor(self) -> int:
        return self.seqs[-1] if self.seqs else 0

    def _met(self, seq: int) -> None:
        with self._grown:
            self.seqs.append(seq)
            self._grown.notify_all()


def test_no_event_is_lost_or_repeated_and_no_answer_forgotten(mortal: Project) -> None:
    up, over = threading.Event(), threading.Event()
    up.set()
    follower = Follower(mortal, up)
    follower.start()

    def write() -> list[str]:
        acknowledged = []
        while not over.is_set():
            up.wait()
            try:
                asked = mortal.http.post(
                    "interactions",
                    json={
                        "type": "approval",
                        "message": "Ship it?",
                        "target": {"type": "user", "id": "user_rina"},
                    },
                ).json()
                answered = mortal.http.post(
                    f"interactions/{asked['id']}/respond", json={"value": True}
                )
            except httpx.TransportError:
                continue
            assert answered.status_code == 200
            acknowledged.append(asked["id"])
        return acknowledged

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write) for _ in range(4)]
        for kill in range(KILLS):
            follower.wait_for((kill + 1) * EVENTS_BETWEEN_KILLS)
            up.clear()
            mortal.engine.kill()
            mortal.engine.start()
            up.set()
        over.set()
        acknowledged = [item for writer in writers for item in writer.result()]
    follower.last = newest(mortal) + 1
    mortal.ask()
    follower.join(60)
    assert not follower.is_alive()
    assert follower.seqs == list(range(1, follower.last + 1))
    for interaction_id in acknowledged:
        assert mortal.http.get(f"interactions/{interaction_id}").json()["status"] == "completed"


def test_a_suspended_run_is_answered_after_the_restart(mortal: Project) -> None:
    run = mortal.start(mortal.question())
    question = mortal.pending(run["id"])
    cursor = newest(mortal)
    mortal.engine.kill()
    mortal.engine.start()
    assert mortal.http.get(f"runs/{run['id']}").json()["status"] == "suspended"
    answered = mortal.http.post(f"interactions/{question['id']}/respond", json={"value": True})
    assert answered.status_code == 200
    mortal.wait_for(run["id"], "completed")
    with reading(mortal, f"runs/{run['id']}/events?since={cursor}") as stream:
        next(stream)
        frames = stream.until(newest(mortal))
    statuses = [f.data["data"]["status"] for f in frames if f.event == "run_updated" and f.data]
    assert statuses == ["queued", "running", "completed"]
