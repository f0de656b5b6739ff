"""SIGKILL at any moment: the next process continues, and nothing is lost or done twice."""

import os
import random
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connections

from inbox.engine.actions import runs
from inbox.engine.models import Run
from inbox.engine.rules.errors import EngineError
from tests.engine.watching import running

pytestmark = [
    pytest.mark.django_db(databases=["engine"], transaction=True),
    pytest.mark.process,
]

ROOT = Path(__file__).parents[3]
FOLLOWS = {
    None: {"queued"},
    "queued": {"running", "failed"},
    "running": {"suspended", "completed", "failed"},
    "suspended": {"queued", "failed"},
}


def database_url():
    settings = connections["engine"].settings_dict
    if connections["engine"].vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    who = ":".join(part for part in (settings["USER"], settings["PASSWORD"]) if part)
    port = settings["PORT"] or 5432
    return f"postgres://{who}@{settings['HOST'] or 'localhost'}:{port}/{settings['NAME']}"


def work_and_be_killed(team, folder, lines):
    victim = subprocess.Popen(
        [sys.executable, "-m", "tests.engine.runner.victim", team.handle, team.tokens["service"]],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
            "DATA_DIR": str(folder),
            "ENGINE_DATABASE_URL": database_url(),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    with victim as process:
        try:
            said = [process.stdout.readline() for _ in range(lines + 1)]
            killer = threading.Timer(random.uniform(0, 0.02), process.kill)
            killer.start()
            said += process.stdout.readlines()
            killer.join()
        finally:
            process.kill()
    assert process.returncode == -9
    assert said[0] == "ready\n"
    return [line.split() for line in said[1:] if line.endswith("\n")]


def is_still():
    moving = Run.objects.exclude(status__in=Run.FINISHED)
    return not moving.exclude(wait_kind__in=("interaction", "signal")).exists()


def finish(team):
    with running() as watch:
        watch.until(is_still)
        while waiting := list(Run.objects.filter(status="suspended")):
            for run in waiting:
                with suppress(EngineError):
                    if run.wait_kind == "signal":
                        runs.signal(caller=team.service, run_id=run.id, body={"name": "go"})
                    else:
                        team.answer(team.service, {"id": run.wait_interaction_id})
            watch.until(is_still)


def all_frames(team):
    frames = []
    while more := team.frames(since=frames[-1]["seq"] if frames else 0):
        frames += more
    return frames


def replay(frames):
    """Last states of runs, steps and questions. Fails if an event is missing, a run took a way that
    there is not, or something began or ended twice.
    """
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    stands, steps, questions = {}, {}, {}
    for frame in frames:
        data = frame["data"]
        if frame["type"] == "run_updated":
            before = stands.get(data["id"], {}).get("status")
            assert data["status"] in FOLLOWS[before], (before, data["status"])
            stands[data["id"]] = data
        elif frame["type"] == "run_step_updated":
            key = data["run_id"], data["step_name"], data["attempt"]
            steps.setdefault(key, []).append(data["status"])
        elif frame["type"].startswith("interaction_"):
            questions.setdefault(data["id"], []).append(data["status"])
    assert {stand["status"] for stand in stands.values()} <= {"completed", "failed"}
    assert {tuple(each) for each in steps.values()} <= {
        ("running", "completed"),
        ("running", "failed"),
    }
    assert {tuple(each) for each in questions.values()} <= {
        ("pending", "completed"),
        ("pending", "expired"),
    }
    return stands, steps, questions


def check(team, done):
    frames = all_frames(team)
    assert len(frames) == team.newest()
    stands, _, questions = replay(frames)
    for run_id, last in stands.items():
        now = team.run({"id": run_id})
        del now["spec"]
        assert now == last
    assert {each for kind, each in done if kind == "run"} <= set(stands)
    answered = {each for each, states in questions.items() if states[-1] == "completed"}
    assert {each for kind, each in done if kind == "answer"} <= answered


def kill_and_check(team, folder, times):
    done = []
    for _ in range(times):
        done += work_and_be_killed(team, folder, random.randint(0, 40))
    finish(team)
    check(team, done)


def test_after_a_kill_at_any_moment_it_continues(team, tmp_path):
    kill_and_check(team, tmp_path, 4)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_after_a_dozen_kills_it_continues(team, tmp_path):
    kill_and_check(team, tmp_path, 12)
