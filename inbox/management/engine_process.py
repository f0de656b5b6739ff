import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from django.core.management.base import CommandError

_ADDRESS = re.compile(r"https?://\S+")


class EngineProcess:
    """It ignores Ctrl-C, which reaches its process group, and ends when the pipe from this process
    closes, even if that is killed.
    """

    def __init__(self, *, manage: Path, port: int, environment: dict[str, str]) -> None:
        self._command = [sys.executable, str(manage), "engine", "--port", str(port)]
        self._environment = environment
        self._stopping = False
        self._pipe = -1
        self._process: subprocess.Popen[str] | None = None
        self._lines: Iterator[str] = iter(())
        self._watcher: threading.Thread | None = None

    def start(self) -> str:
        """Return its URL once it responds. Raises CommandError if it ends."""
        theirs, self._pipe = os.pipe()
        self._process = process = subprocess.Popen(  # nosec B603 # noqa: S603 - our own command
            [*self._command, "--parent-pipe", str(theirs)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[theirs],
        )
        os.close(theirs)
        self._lines = iter(process.stdout or ())
        for line in self._lines:
            if match := _ADDRESS.search(line):
                return match.group().rstrip(".")
        # The engine has written the reason to stderr.
        raise CommandError(f"The engine didn't start (status {process.wait()}).")

    def watch(self, on_end: Callable[[int], None]) -> None:
        """Call ``on_end`` with the status, from a thread, if the engine ends before ``stop``."""
        process = self._process
        if process is None:
            raise RuntimeError("watch before start")

        def wait() -> None:
            for line in self._lines:
                sys.stdout.write(line)
            status = process.wait()
            if not self._stopping:
                on_end(status)

        self._watcher = threading.Thread(target=wait, name="engine-watch", daemon=True)
        self._watcher.start()

    def stop(self, *, timeout: float = 5.0) -> None:
        """After ``timeout`` seconds it is killed."""
        self._stopping = True
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if self._process is None:
            return
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        if self._watcher is not None:
            self._watcher.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
