"""What upstream is not asked again too soon."""

from collections.abc import Iterable
from time import monotonic

from inbox.mobius.errors import RateLimited

PAUSE = 60.0
"""Seconds for which a call is left alone that Mobius limits without saying for how long."""


class Restraint:
    """Shared by the full syncs and polls of one stretch.

    ``again``: seconds in which a question that lists lack, and that is open all the same, is read
    by id once.
    """

    def __init__(self, again: float) -> None:
        self._again = again
        self._read_at: dict[str, float] = {}
        self._limits: dict[str, tuple[float, RateLimited]] = {}

    def due(self, missing: Iterable[str]) -> list[str]:
        """Those of ``missing`` that may be read by id now, the ones read longest ago first."""
        ids, now, never = set(missing), monotonic(), float("-inf")
        self._read_at = {id: at for id, at in self._read_at.items() if id in ids}
        due = [id for id in sorted(ids) if now - self._read_at.get(id, never) > self._again]
        return sorted(due, key=lambda id: self._read_at.get(id, never))

    def note_read(self, ids: Iterable[str]) -> None:
        """These were read by id just now."""
        self._read_at |= dict.fromkeys(ids, monotonic())

    def limit(self, call: str, error: RateLimited) -> None:
        """Mobius asks to be spared this call."""
        self._limits[call] = monotonic() + (error.retry_after or PAUSE), error

    def limited(self, call: str) -> RateLimited | None:
        """Why the call has to wait still; None where it may be made."""
        until, error = self._limits.get(call, (float("-inf"), None))
        return error if monotonic() < until else None
