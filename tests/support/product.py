"""The whole product as a user starts it: ``manage.py serve`` in a process of its own."""

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any

import httpx
import psycopg

from reviewer_site.environment import ROOT

_collected: list[Path] = []
"""The static files of the first product: the next ones take a copy, and collect nothing."""


class Product:
    """``start`` may be called again after ``stop`` or ``kill``. ``options`` are words of the
    command line.
    """

    def __init__(self, folder: Path, environment: dict[str, str], *options: str) -> None:
        self.folder = folder
        self._options = options
        self.environment = {
            **environment,
            "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
            "PORT": "0",
            "ENGINE_PORT": "0",
            "PYTHONUNBUFFERED": "1",
        }
        self.said: deque[str] = deque(maxlen=400)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._open = threading.Event()
        self._spoke = threading.Condition()
        self._exports: dict[str, str] = {}

    def start(self) -> None:
        """Return when the welcome is printed; the failure's words if it ends instead."""
        self._open.clear()
        self._exports = {}
        static = self.folder / "static"
        if _collected and not static.exists():
            shutil.copytree(_collected[0], static)
        self._process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "serve", *self._options],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._open.wait(200) or self._process.poll() is not None:
            self.kill()
            raise AssertionError("the product did not start:\n" + "".join(self.said))
        addresses = json.loads((self.folder / "serve.json").read_text())
        self.web, self.engine = addresses["web"], addresses.get("engine", "")
        if not _collected:
            _collected.append(static)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                with self._spoke:
                    self.said.append(line)
                    self._spoke.notify_all()
                if "Press Ctrl-C to stop" in line:
                    self._open.set()
        self._open.set()

    def hear(self, words: str) -> None:
        """Wait for a line with ``words``, among those that are kept."""
        with self._spoke:
            assert self._spoke.wait_for(lambda: any(words in line for line in self.said), 60), words

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def engine_pid(self) -> int:
        return self.children()[0]

    def children(self) -> list[int]:
        found: list[int] = []
        for thread in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                found += map(int, (thread / "children").read_text().split())
        return sorted(found, key=_started)

    def stop(self) -> int:
        """Send Ctrl-C to the whole group, as a terminal does; return the exit status."""
        return self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def wait(self) -> int:
        assert self._process is not None
        assert self._reader is not None
        status = self._process.wait(60)
        self._reader.join(60)
        return status

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)
        return self.wait()

    def manage(self, *words: str, told: str = "") -> str:
        """Run a command of ``manage.py`` and return its output; ``told`` is its standard input."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=self.environment,
            input=told,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def execute(self, statement: str) -> None:
        """Change its own database, without the seconds that a command takes to start."""
        url = self.environment["DATABASE_URL"]
        with (
            contextlib.closing(psycopg.connect(url))
            if url
            else contextlib.closing(sqlite3.connect(self.folder / "inbox.sqlite3", timeout=60))
        ) as connection:
            connection.execute(statement)
            connection.commit()

    def expire(self, *interaction_ids: str) -> None:
        """Let the deadline of questions pass now; the engine notices within a second."""
        self.manage(
            "shell",
            "--no-imports",
            "-c",
            "from django.utils import timezone; from inbox.engine.models import Interaction;"
            f"asked = Interaction.objects.filter(pk__in={interaction_ids!r});"
            "now = timezone.now(); asked.update(expires_at=now, fires_at=now)",
        )

    def exports(self) -> dict[str, str]:
        """Variables that ``mobius_env`` prints; they stay the same until ``start``."""
        if not self._exports:
            printed = self.manage("mobius_env")
            pairs = (line.removeprefix("export ").split("=", 1) for line in printed.splitlines())
            self._exports = dict(pairs)
        return self._exports

    def api(self) -> httpx.Client:
        given = self.exports()
        return httpx.Client(
            base_url=f"{given['MOBIUS_BASE_URL']}/v1/projects/{given['PROJECT']}",
            headers={"Authorization": f"Bearer {given['MOBIUS_API_KEY']}"},
            timeout=60,
        )


def _started(pid: int) -> tuple[int, int]:
    """For sorting: a process's ID may be lower than that of an older one."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return 0, pid
    return int(stat.rpartition(")")[2].split()[19]), pid


def question(message: str, **fields: Any) -> dict[str, Any]:
    return {
        "type": "approval",
        "message": message,
        "target": {"type": "user", "id": "user_rina"},
        "spec": {"mode": "confirm"},
        **fields,
    }


def ask(api: httpx.Client, message: str, **fields: Any) -> str:
    step = {"name": "ask", "interaction": {"timeout": "1h", **question(message, **fields)}}
    started = api.post("/runs", json={"spec": {"name": "checkout", "steps": [step]}})
    assert started.status_code == 202, started.text
    return str(started.json()["id"])


def interaction_of(api: httpx.Client, run_id: str) -> dict[str, Any]:
    with api.stream("GET", f"/runs/{run_id}/events", params={"since": "0"}) as events:
        next(line for line in events.iter_lines() if line == "event: interaction_created")
    (item,) = api.get("/interactions", params={"run_id": run_id}).json()["items"]
    return dict(item)


def answered(api: httpx.Client, run_id: str) -> dict[str, Any]:
    """A page does not always tell: its list may not have had the row to begin with."""
    with api.stream("GET", f"/runs/{run_id}/events", params={"since": "0"}) as events:
        next(line for line in events.iter_lines() if line == "event: interaction_completed")
    return interaction_of(api, run_id)
