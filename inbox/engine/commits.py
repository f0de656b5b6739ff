"""Who is told, after a commit, that there is something new to read or to do.

Callbacks run in the thread that wrote, after its commit; they must not block.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Generic, ParamSpec

P = ParamSpec("P")
Unsubscribe = Callable[[], None]


class _Circle(Generic[P]):
    """Callbacks that all hear the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: tuple[Callable[P, None], ...] = ()

    def join(self, callback: Callable[P, None]) -> Unsubscribe:
        with self._lock:
            self._members = (*self._members, callback)

        def leave() -> None:
            with self._lock:
                self._members = tuple(each for each in self._members if each is not callback)

        return leave

    def tell(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for member in self._members:
            member(*args, **kwargs)


_events: _Circle[[int, int]] = _Circle()
_due: _Circle[[datetime]] = _Circle()


def subscribe(callback: Callable[[int, int], None]) -> Unsubscribe:
    """Call ``callback(project_id, newest_seq)`` after each commit that wrote events."""
    return _events.join(callback)


def subscribe_due(callback: Callable[[datetime], None]) -> Unsubscribe:
    """Call ``callback(when)`` after each commit that left something to be done at ``when``."""
    return _due.join(callback)


def tell(project_id: int, newest_seq: int) -> None:
    """Say that events up to ``newest_seq`` are committed."""
    _events.tell(project_id, newest_seq)


def tell_due(when: datetime) -> None:
    """Say that the runner has something to do at ``when``."""
    _due.tell(when)
