"""An optional limit on how often a token may call."""

import math
import time
from collections.abc import Callable

from inbox.engine.http.answers import Headers, HttpRefusal

_WINDOW = 60.0
_FORGET_AT = 10_000


class RateLimit:
    """So many calls a minute for each token, spread as they come (a bucket that refills evenly).

    Without a number there is no limit. ``clock`` gives seconds.
    """

    def __init__(self, per_minute: int | None, clock: Callable[[], float] = time.time) -> None:
        self._limit = per_minute
        self._clock = clock
        self._full_again: dict[str, float] = {}

    def __len__(self) -> int:
        """How many tokens it remembers."""
        return len(self._full_again)

    def take(self, token: str | None) -> Headers:
        """Count one call and return the headers that tell what is left. Raises 429."""
        if self._limit is None:
            return ()
        key, now, interval = token or "", self._clock(), _WINDOW / self._limit
        full = max(self._full_again.get(key, now), now) + interval
        if full - now > _WINDOW:
            wait = math.ceil(full - now - _WINDOW)
            raise HttpRefusal(
                429,
                "rate_limit_exceeded",
                f"More than {self._limit} calls a minute; try again in {wait} s.",
                headers=(("Retry-After", str(wait)), *self._tell(0, full - interval)),
            )
        self._forget(now)
        self._full_again[key] = full
        return self._tell(int((_WINDOW - (full - now)) / interval), full)

    def _tell(self, remaining: int, full: float) -> Headers:
        return (
            ("X-RateLimit-Limit", str(self._limit)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", str(math.ceil(full))),
        )

    def _forget(self, now: float) -> None:
        """Drop the tokens whose bucket is full; made-up ones must not fill the memory."""
        if len(self._full_again) >= _FORGET_AT:
            self._full_again = {key: full for key, full in self._full_again.items() if full > now}
