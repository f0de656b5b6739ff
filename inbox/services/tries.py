"""How often a person may do what makes a call to Mobius each time."""

from collections import deque
from threading import Lock
from time import monotonic

MOST = 10
WITHIN = 60.0
"""So many times within so many seconds."""


class Tries:
    """The tries of the last minute, by account. From any thread."""

    def __init__(self) -> None:
        self._times: dict[int, deque[float]] = {}
        self._lock = Lock()

    def take(self, user_id: int) -> bool:
        """Count one; False, and nothing is counted, where there were too many."""
        now = monotonic()
        with self._lock:
            for each, times in list(self._times.items()):
                while times and times[0] + WITHIN <= now:
                    times.popleft()
                if not times:
                    del self._times[each]
            mine = self._times.setdefault(user_id, deque())
            if len(mine) >= MOST:
                return False
            mine.append(now)
            return True

    def forget(self) -> None:
        """As at a start."""
        with self._lock:
            self._times.clear()
