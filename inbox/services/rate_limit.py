"""Limits how often a person may trigger a call to Mobius."""

from collections import deque
from threading import Lock
from time import monotonic

MAX_CALLS = 10
PERIOD = 60.0
"""At most ``MAX_CALLS`` in ``PERIOD`` seconds."""


class RateLimiter:
    """Calls of the last ``PERIOD`` seconds, by account. Thread-safe."""

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = {}
        self._lock = Lock()

    def allow(self, user_id: int) -> bool:
        """Count a call. False, without counting it, if there were too many."""
        now = monotonic()
        with self._lock:
            for id_, calls in list(self._times.items()):
                while calls and calls[0] + PERIOD <= now:
                    calls.popleft()
                if not calls:
                    del self._times[id_]
            calls = self._times.setdefault(user_id, deque())
            if len(calls) >= MAX_CALLS:
                return False
            calls.append(now)
            return True

    def reset(self) -> None:
        with self._lock:
            self._times.clear()
