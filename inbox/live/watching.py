"""Whether somebody looks at a page now: where upstream has to be polled, that decides how often."""

import threading
from collections.abc import Callable
from time import monotonic

LOOKS_FOR = 30.0
"""Seconds for which a page that was asked for counts as open, with or without a stream."""

MOST_RUNS = 1000
"""Runs that pages have asked for and the sync has not read yet; the oldest are dropped."""


class Watching:
    """All methods may be called from any thread."""

    def __init__(self) -> None:
        self.streams: Callable[[], int] = lambda: 0
        """How many live streams are open; the site sets it."""
        self.runs: Callable[[], list[str]] = list
        """Ids of the runs that open pages show; the site sets it."""
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._acted_at = float("-inf")
        self._runs: dict[str, None] = {}
        self._listeners: set[Callable[[], None]] = set()

    @property
    def now(self) -> bool:
        """A page is open."""
        return self.streams() > 0 or monotonic() - self._asked_at < LOOKS_FOR

    def page_asked_for(self) -> None:
        """Somebody signed in asked for a page, or acted: what upstream has is wanted soon."""
        with self._lock:
            self._asked_at = monotonic()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def run_asked_for(self, run_id: str) -> None:
        """A page shows this run, and the mirror lacks some of it."""
        with self._lock:
            self._runs[run_id] = None
            while len(self._runs) > MOST_RUNS:
                del self._runs[next(iter(self._runs))]
        self.page_asked_for()

    def take_runs(self) -> set[str]:
        """The runs of ``run_asked_for`` since the last time."""
        with self._lock:
            runs, self._runs = set(self._runs), {}
        return runs

    def acted(self) -> None:
        """Somebody changed something upstream: what came of it is wanted at once."""
        self._acted_at = monotonic()
        self.page_asked_for()

    def acted_since(self, instant: float) -> bool:
        """``acted`` was called after the instant, by the monotonic clock."""
        return self._acted_at > instant

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` at each such request; the result ends that."""
        with self._lock:
            self._listeners.add(listener)

        def unlisten() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return unlisten


watching = Watching()
"""That of this process."""
