"""Keeps reads from being repeated too soon."""

from collections.abc import Iterable
from time import monotonic

from inbox.mobius.errors import RateLimited

PAUSE = 60.0
"""Seconds without a call that Mobius limits without saying for how long."""


class RequestThrottle:
    """Shared by the full syncs and polls of a session.

    ``interval``: seconds before a question that is open but missing from lists is read by id again.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._read_at: dict[str, float] = {}
        self._limits: dict[str, tuple[float, RateLimited]] = {}

    def due(self, missing: Iterable[str]) -> list[str]:
        """The ids of ``missing`` that may be read now, those read longest ago first."""
        ids, now, never = set(missing), monotonic(), float("-inf")
        self._read_at = {id: at for id, at in self._read_at.items() if id in ids}
        due = [id for id in sorted(ids) if now - self._read_at.get(id, never) > self._interval]
        return sorted(due, key=lambda id: self._read_at.get(id, never))

    def note_read(self, ids: Iterable[str]) -> None:
        """Record that these were read by id now."""
        self._read_at |= dict.fromkeys(ids, monotonic())

    def limit(self, call: str, error: RateLimited) -> None:
        """Record that Mobius limits this call."""
        self._limits[call] = monotonic() + (error.retry_after or PAUSE), error

    def limited(self, call: str) -> RateLimited | None:
        """The error because of which the call still has to wait; None if it may be made."""
        until, error = self._limits.get(call, (float("-inf"), None))
        return error if monotonic() < until else None
