"""Several web processes on one port, as children of this process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from socket import socket

from django.conf import settings

from inbox.management.web_process import Server

READY = "ready"
AGAIN_AFTER = 1.0
"""Seconds between the end of a worker and its next start."""
FEWEST = 10
"""The least number of connections to the database that a worker may open."""
STOPPED_WITHIN = 10.0
"""Seconds in which a worker has to end before it is killed."""


class Workers:
    """``count`` workers, from ``run`` to ``stop`` or the end of this process, however it ends.

    A worker is ``serve --worker``. It accepts connections on the listening socket, and ends when
    the pipe from this process closes. A worker that dies is started again.

    Args:
        on_ready: called when the first worker serves.
    """

    def __init__(self, count: int, *, on_ready: Callable[[], None]) -> None:
        self._count = count
        self._on_ready = on_ready
        self._stopping = threading.Event()
        self._welcomed = threading.Lock()
        self._theirs, self._pipe = os.pipe()
        self.started = False

    def run(self, sockets: list[socket]) -> None:
        """Keep the workers running on the socket until ``stop``, or until none can start."""
        [self._listener] = sockets
        threads = [
            threading.Thread(target=self._keep, name=f"worker-{index}")
            for index in range(self._count)
        ]
        for thread in threads:
            thread.start()
        try:
            self._stopping.wait()
        finally:
            self.stop()
            for thread in threads:
                thread.join()

    def stop(self) -> None:
        """End the workers. Safe to repeat."""
        self._stopping.set()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _keep(self) -> None:
        """Run one worker after the other."""
        while not self._stopping.is_set():
            process = self._start()
            served = False
            for line in process.stdout or ():
                if line.strip() == READY:
                    served = True
                    self._welcome()
                else:
                    sys.stdout.write(line)
                    sys.stdout.flush()
            status = process.wait()
            if self._stopping.is_set():
                return
            if not served and not self.started:
                # It has written the reason to stderr.
                self._stopping.set()
                return
            sys.stderr.write(f"A worker ended (status {status}) and is being restarted.\n")
            self._stopping.wait(AGAIN_AFTER)

    def _start(self) -> "subprocess.Popen[str]":
        listener = self._listener.fileno()
        command = [
            sys.executable,
            str(settings.BASE_DIR / "manage.py"),
            "serve",
            "--worker",
            f"{listener},{self._theirs}",
        ]
        return subprocess.Popen(  # nosec B603 # noqa: S603 - our own command
            command,
            env={**os.environ, **self._environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[listener, self._theirs],
        )

    def _environment(self) -> dict[str, str]:
        """The settings that only this process knows: the ports that it got, and each worker's share
        of the connections to the database.
        """
        _, _, engine = settings.MOBIUS_BASE_URL.rpartition(":")
        return {
            "PORT": str(self._listener.getsockname()[1]),
            "DATABASE_CONNECTIONS": str(max(FEWEST, settings.DATABASE_CONNECTIONS // self._count)),
            **({"ENGINE_PORT": engine} if settings.EMBEDDED else {}),
        }

    def _welcome(self) -> None:
        with self._welcomed:
            if not self.started:
                self.started = True
                self._on_ready()


def serve(descriptors: str) -> None:
    """Serve as a worker until the parent's pipe closes. ``descriptors`` are the listening socket
    and the pipe, as ``Workers`` passes them.
    """
    listener, pipe = map(int, descriptors.split(","))
    server = Server(on_ready=_say_ready)
    threading.Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()
    server.run(sockets=[socket(fileno=listener)])


def _say_ready() -> None:
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()


def _end_with_parent(pipe: int) -> None:
    os.read(pipe, 1)  # returns when the other end is closed
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOPPED_WITHIN)
    os.kill(os.getpid(), signal.SIGKILL)
