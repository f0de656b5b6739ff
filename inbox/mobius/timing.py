"""Time-outs, and delays between tries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from inbox.mobius.errors import Unreachable


@dataclass(frozen=True)
class Timeouts:
    """All in seconds.

    Attributes:
        read: the longest silence of a call.
        total: the longest duration of a call.
        stream, run_stream: the longest silence of a stream; the guide promises no keep-alives for a
            run's.
        keep_alive: the longest silence of a stream that has sent keep-alives.
        opening: how long a stream may take to send its position, before it counts as never sent.
    """

    connect: float = 5.0
    read: float = 15.0
    stream: float = 45.0
    run_stream: float = 300.0
    keep_alive: float = 20.0
    total: float = 60.0
    opening: float = 1.0


@dataclass(frozen=True)
class Backoff:
    """Capped exponential back-off with jitter. Times in seconds.

    No try begins after ``max_elapsed``, so that a page does not wait for a slow upstream several
    times.
    """

    base: float = 0.25
    cap: float = 10.0
    attempts: int = 3
    max_elapsed: float = 10.0
    longest_retry_after: float = 86400.0
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (from 1)."""
        ceiling = min(self.cap, self.base * 2.0 ** min(failures, 32))
        wait = self.random.uniform(ceiling / 2, ceiling)
        return max(wait, min(retry_after or 0.0, self.longest_retry_after))


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator[None]:
    """Raises ``Unreachable``."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Unreachable("Mobius took too long to respond.", sent=True) from None
