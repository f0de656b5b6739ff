"""How long a call may take, and how long to wait before the next try."""

from dataclasses import dataclass, field
from random import Random


@dataclass(frozen=True)
class Timeouts:
    """In seconds. ``read`` and ``stream`` are the longest silence, ``total`` a whole call.

    ``run_stream`` is that of one run's stream, of which the guide promises no keep-alives.
    ``keep_alive`` is the longest silence of a stream that has sent keep-alives. ``opening`` is how
    long a stream may take to say where it stands before it counts as an upstream that never does.
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
    """Capped exponential waiting with jitter. Times in seconds.

    ``attempts`` is the most times a GET is sent. ``patience`` bounds all tries of one GET: none
    begins after it, so that a page does not wait for a slow upstream several times over.
    """

    base: float = 0.25
    cap: float = 10.0
    attempts: int = 3
    patience: float = 10.0
    longest_retry_after: float = 86400.0
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (from 1).

        Never less than ``retry_after``, what upstream asked for, up to ``longest_retry_after``.
        """
        ceiling = min(self.cap, self.base * 2.0 ** min(failures, 32))
        wait = self.random.uniform(ceiling / 2, ceiling)
        return max(wait, min(retry_after or 0.0, self.longest_retry_after))
