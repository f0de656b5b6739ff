"""The engine in its own process, and how a test controls it.

As a program (``python -m tests.support.engine_process``) it serves ``DATA_DIR`` on ``ENGINE_PORT``,
prints ``{"base_url"}`` when it answers and then obeys JSON lines on stdin:
``{"provision": arguments}``, ``{"send": a story}``, ``{"revoke": token}``. It ends with its stdin.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from typing import Any

from reviewer_site.environment import ROOT
from tests.support import ports


class EngineProcess:
    """``environment`` names its data (``tests.support.databases``); ``settings`` more variables."""

    def __init__(self, environment: dict[str, str], **settings: str) -> None:
        self._environment = {
            **environment,
            **settings,
            "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
            "PYTHONWARNINGS": "error",
        }
        self._reserved = ports.reserve()
        self._port = self._reserved.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None
        self._turn = threading.Lock()
        self.base_url = ""

    def start(self) -> None:
        """Serve, on the same port as before; return when it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.engine_process"],
            cwd=ROOT,
            env={**self._environment, "ENGINE_PORT": str(self._port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.base_url = self._hear()["base_url"]

    def stop(self) -> int:
        """Return the exit status."""
        process = self._running()
        assert process.stdin is not None
        process.stdin.close()
        return self._bury()

    def terminate(self) -> int:
        """Return the exit status."""
        self._running().terminate()
        return self._bury()

    def kill(self) -> None:
        self._running().kill()
        self._bury()

    @property
    def pid(self) -> int:
        return self._running().pid

    def provision(self, **arguments: Any) -> dict[str, Any]:
        return self._say({"provision": arguments})

    def send(self, handle: str, **post: Any) -> str:
        """Start a run or ask a question as a story does; return its id."""
        made: str = self._say({"send": {"handle": handle, "post": post}})["id"]
        return made

    def revoke(self, token: str) -> None:
        self._say({"revoke": token})

    def _say(self, what: dict[str, Any]) -> dict[str, Any]:
        stdin = self._running().stdin
        assert stdin is not None
        with self._turn:
            stdin.write(json.dumps(what) + "\n")
            stdin.flush()
            return self._hear()

    def _hear(self) -> dict[str, Any]:
        stdout = self._running().stdout
        assert stdout is not None
        line = stdout.readline()
        assert line, "the engine ended; its last words are on stderr"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def _running(self) -> "subprocess.Popen[str]":
        assert self._process is not None, "the engine is not running"
        return self._process

    def _bury(self) -> int:
        process, self._process = self._running(), None
        status = process.wait(60)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        return status


def _serve() -> None:
    import django  # noqa: PLC0415 - the parent imports this file without Django's settings

    django.setup()

    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415

    from inbox.engine import server  # noqa: PLC0415

    call_command("migrate", "engine", database="engine", verbosity=0, interactive=False)

    def ready(base_url: str) -> None:
        _tell({"base_url": base_url})
        threading.Thread(target=_obey, name="obey", daemon=True).start()

    server.run(host="127.0.0.1", port=settings.ENGINE_PORT, on_ready=ready)


def _obey() -> None:
    from django.db import connections  # noqa: PLC0415

    from inbox.engine.actions.provision import provision, revoke  # noqa: PLC0415
    from inbox.engine.stories import Answer, Post, asking  # noqa: PLC0415

    try:
        for line in sys.stdin:
            said = json.loads(line)
            if "provision" in said:
                _tell(provision(**said["provision"]))
            elif "send" in said:
                post = dict(said["send"]["post"])
                if "answer" in post:
                    post["answer"] = Answer(**post["answer"])
                _tell({"id": asking.send(said["send"]["handle"], Post(**post))})
            else:
                revoke(token=said["revoke"])
                _tell({})
    finally:
        connections.close_all()
        os.kill(os.getpid(), signal.SIGTERM)


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
