"""First come, first served among threads: SQLite's waiting connections poll, and some starve. A
lock on a file beside the database keeps out other processes.
"""

import fcntl
import os
import threading
import time
from collections import deque
from pathlib import Path

from django.db import OperationalError

TIMEOUT = 30.0
"""Seconds a writer waits for its turn."""

_BETWEEN_TRIES = 0.002


class WriterLock:
    """Not re-entrant: connections know whether they hold it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()
        self._file: int | None = None

    def acquire(self) -> None:
        """Raises OperationalError after ``TIMEOUT``."""
        deadline = time.monotonic() + TIMEOUT
        self._take_turn(deadline)
        try:
            self._lock_file(deadline)
        except BaseException:
            # After any error, even a cancellation, the next writer must get its turn.
            self._pass_turn()
            raise

    def release(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._pass_turn()

    def _take_turn(self, deadline: float) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(max(0.0, deadline - time.monotonic())):
            return
        with self._guard:
            if not turn.is_set():
                self._queue.remove(turn)
                raise OperationalError(f"another writer held {self._path.stem} for too long")

    def _pass_turn(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False

    def _lock_file(self, deadline: float) -> None:
        if self._file is None:
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise OperationalError(
                    f"{self._path} cannot be opened: {error.strerror}"
                ) from error
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise OperationalError(
                        f"another process held {self._path.stem} for too long"
                    ) from None
                time.sleep(_BETWEEN_TRIES)
            else:
                return


_locks: dict[str, WriterLock] = {}
"""By path. Each process has its own object for the file that locks out the others."""
_locks_guard = threading.Lock()


def _forget_after_fork() -> None:
    """A forked child must not use its parent's locks."""
    _locks.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


def in_memory(database: str) -> bool:
    return ":memory:" in database or "mode=memory" in database


def lock_for(database: str) -> WriterLock | None:
    """None for a database in memory."""
    if in_memory(database):
        return None
    path = os.path.realpath(database)
    with _locks_guard:
        if path not in _locks:
            _locks[path] = WriterLock(Path(f"{path}.lock"))
        return _locks[path]
