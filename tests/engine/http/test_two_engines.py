"""`manage.py engine` twice on one PostgreSQL: whichever carries a run on, no step runs twice."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from reviewer_site.environment import ROOT
from tests.engine.http.reading import Reader
from tests.engine.runner.test_killed import replay
from tests.engine.team import act, question, sleep, wait
from tests.support import databases

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.process]

RUNS = 30
COMMAND = [sys.executable, str(ROOT / "manage.py"), "engine", "--port", "0"]


class Engine:
    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        self.environment = {
            **shared,
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
        }
        self._process = subprocess.Popen(
            COMMAND, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.api = httpx.Client(timeout=60)

    def wait(self) -> None:
        assert self._process.stdout is not None
        lines = [self._process.stdout.readline().strip() for _ in range(5)]
        assert lines[0].startswith("The engine is listening at "), lines
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines[1:])
        self.api.base_url = f"{exports['MOBIUS_BASE_URL']}/v1/projects/{exports['PROJECT']}/"
        self.api.headers["Authorization"] = f"Bearer {exports['MOBIUS_API_KEY']}"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.api.post(path, json=body)
        assert response.is_success, response.text
        made: dict[str, Any] = response.json()
        return made

    def kill(self) -> None:
        self._process.kill()
        self._bury()

    def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            assert self._bury() == 0

    def _bury(self) -> int:
        assert self._process.stdout is not None
        status = self._process.wait(60)
        self._process.stdout.close()
        self.api.close()
        return status


@pytest.fixture
def shared(tmp_path: Path) -> dict[str, str]:
    return databases.environment(tmp_path, "two_engines")


@pytest.fixture
def engines(tmp_path: Path, shared: dict[str, str]) -> Iterator[list[Engine]]:
    both = [Engine(tmp_path / name, shared) for name in ("one", "two")]
    try:
        for engine in both:
            engine.wait()
        yield both
    finally:
        for engine in both:
            engine.stop()


def start(engines: list[Engine]) -> tuple[list[str], list[str]]:
    """All sleep at the same time, so that both runners find them due at once."""
    answered: list[str] = []
    unanswered: list[str] = []
    for number, engine in zip(range(RUNS), cycle(engines), strict=False):
        runs, timeout = (unanswered, "200ms") if number % 5 == 0 else (answered, "1h")
        steps = [
            act("print", "begin"),
            sleep("1s"),
            question(timeout=timeout),
            sleep("1s", "pause"),
            wait("go"),
            act("time", "end"),
        ]
        runs.append(engine.post("runs", {"spec": {"name": "twice", "steps": steps}})["id"])
    return answered, unanswered


def carry_on(
    engines: list[Engine], answered: list[str], heard: Callable[[str], None] = lambda kind: None
) -> list[dict[str, Any]]:
    """Return all events, as the last engine has them. ``heard`` is called with the type of each
    event before something is done about it; it may take engines away.
    """
    frames: list[dict[str, Any]] = []
    finished: set[str] = set()
    numbers = count()

    def post(path: str, body: dict[str, Any]) -> None:
        engines[next(numbers) % len(engines)].post(path, body)

    with engines[-1].api.stream("GET", "runs/events", params={"since": "0"}) as response:
        for frame in Reader(response):
            if frame.data is None:
                continue
            frames.append(frame.data)
            kind, data = frame.data["type"], frame.data["data"]
            heard(kind)
            if kind == "interaction_created" and data["run_id"] in answered:
                post(f"interactions/{data['id']}/respond", {"value": True})
            elif kind == "run_updated":
                if data["wait_summary"]["waiting_on_signal_names"] == ["go"]:
                    post(f"runs/{data['id']}/signals", {"name": "go"})
                if data["status"] in ("completed", "failed"):
                    finished.add(data["id"])
                    if len(finished) == RUNS:
                        break
    return frames


def check(
    frames: list[dict[str, Any]], answered: list[str], unanswered: list[str], database: str
) -> None:
    """Each run went through its steps once; nothing was written afterwards. Both have ended."""
    runs, steps, _ = replay(frames)
    outcomes = dict.fromkeys(answered, "completed") | dict.fromkeys(unanswered, "failed")
    assert {run_id: run["status"] for run_id, run in runs.items()} == outcomes
    assert Counter(run_id for run_id, _, _ in steps) == {
        **dict.fromkeys(answered, 6),
        **dict.fromkeys(unanswered, 3),
    }
    with psycopg.connect(database) as session:
        assert session.execute("SELECT count(*) FROM engine_event").fetchone() == (len(frames),)


def test_no_step_runs_twice(engines: list[Engine], shared: dict[str, str]) -> None:
    answered, unanswered = start(engines)
    frames = carry_on(engines, answered)
    for engine in engines:
        engine.stop()
    check(frames, answered, unanswered, shared["ENGINE_DATABASE_URL"])


def test_no_step_runs_twice_if_one_of_them_is_killed(
    engines: list[Engine], shared: dict[str, str]
) -> None:
    doomed, survivor = engines
    answered, unanswered = start(engines)
    alive = [doomed, survivor]
    seen: Counter[str] = Counter()

    def heard(kind: str) -> None:
        seen[kind] += 1
        if kind == "interaction_completed" and seen[kind] == RUNS // 3:
            alive.remove(doomed)
            doomed.kill()

    frames = carry_on(alive, answered, heard)
    assert alive == [survivor]
    survivor.stop()
    check(frames, answered, unanswered, shared["ENGINE_DATABASE_URL"])


def test_a_second_one_in_the_same_folder_is_refused_in_one_sentence(
    tmp_path: Path, shared: dict[str, str]
) -> None:
    first = Engine(tmp_path, shared)
    try:
        first.wait()
        second = subprocess.run(
            COMMAND, cwd=ROOT, env=first.environment, capture_output=True, text=True, check=False
        )
    finally:
        first.stop()
    assert second.returncode == 1
    assert second.stderr.strip() == (
        f"CommandError: engine is already running with DATA_DIR {tmp_path}. Stop it first, or "
        "choose another folder with DATA_DIR."
    )
