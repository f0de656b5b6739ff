import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from socket import socket

from django.conf import settings
from prometheus_client.multiprocess import mark_process_dead

from inbox.processes.web_process import Server

log = logging.getLogger(__name__)

READY = "ready"
AGAIN_AFTER = 1.0
"""Seconds between the end of a worker and its next start."""
FEWEST = 10
"""The least number of connections to the database that a worker may open."""
STOPPED_WITHIN = 10.0
"""Seconds in which a worker has to end before it is killed."""


class Workers:
    """A worker is ``serve --worker``, which is started again when it dies, and ends when the pipe
    from this process closes. ``on_ready`` is called when the first worker serves.
    """

    def __init__(self, count: int, *, on_ready: Callable[[], None]) -> None:
        self._count = count
        self._on_ready = on_ready
        self._stopping = threading.Event()
        self._welcomed = threading.Lock()
        self._theirs, self._pipe = os.pipe()
        self._metrics = settings.DATA_DIR / "metrics"
        self.started = False

    def run(self, sockets: list[socket]) -> None:
        """Run until ``stop``, or until no worker can start."""
        [self._listener] = sockets
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir(mode=0o700)
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
        """Safe to repeat."""
        self._stopping.set()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def _keep(self) -> None:
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
            mark_process_dead(process.pid, str(self._metrics))
            if self._stopping.is_set():
                return
            if not served and not self.started:
                # It has written the reason to stderr.
                self._stopping.set()
                return
            log.error("a worker ended (status %d) and is being restarted", status)
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
        """Each worker's share of the connections, and the folder of its metrics."""
        _, _, engine = settings.MOBIUS_BASE_URL.rpartition(":")
        return {
            "PORT": str(self._listener.getsockname()[1]),
            "DATABASE_CONNECTIONS": str(max(FEWEST, settings.DATABASE_CONNECTIONS // self._count)),
            "PROMETHEUS_MULTIPROC_DIR": str(self._metrics),
            **({"ENGINE_PORT": engine} if settings.EMBEDDED else {}),
        }

    def _welcome(self) -> None:
        with self._welcomed:
            if not self.started:
                self.started = True
                self._on_ready()


def serve(descriptors: str) -> None:
    """``descriptors`` are the listening socket and the parent's pipe."""
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
