"""Whether pages are in use: decides how often an upstream without a project stream is polled."""

import threading
from collections.abc import Callable
from time import monotonic

ACTIVE_FOR = 30.0
"""Seconds for which a requested page counts as open, with or without a stream."""

MAX_RUNS = 1000
"""Requested runs that the sync has not read yet; the oldest are dropped."""


class PageActivity:
    """All methods may be called from any thread."""

    def __init__(self) -> None:
        self.streams: Callable[[], int] = lambda: 0
        """How many live streams are open; the site sets it."""
        self.runs: Callable[[], list[str]] = list
        """Ids of the runs that open pages show; the site sets it."""
        self._lock = threading.Lock()
        self._requested_at = float("-inf")
        self._acted_at = float("-inf")
        self._runs: dict[str, None] = {}
        self._listeners: set[Callable[[], None]] = set()

    @property
    def is_active(self) -> bool:
        """Whether a page is open."""
        return self.streams() > 0 or monotonic() - self._requested_at < ACTIVE_FOR

    def page_requested(self) -> None:
        """A signed-in person opened a page or acted: the mirror should be brought up to date."""
        with self._lock:
            self._requested_at = monotonic()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def run_requested(self, run_id: str) -> None:
        """A page shows this run, and the mirror does not have all of it."""
        with self._lock:
            self._runs[run_id] = None
            while len(self._runs) > MAX_RUNS:
                del self._runs[next(iter(self._runs))]
        self.page_requested()

    def take_runs(self) -> set[str]:
        """The ids given to ``run_requested`` since the last call."""
        with self._lock:
            runs, self._runs = set(self._runs), {}
        return runs

    def acted(self) -> None:
        """A person changed something upstream: the mirror should follow at once."""
        self._acted_at = monotonic()
        self.page_requested()

    def acted_since(self, instant: float) -> bool:
        """Whether ``acted`` was called after ``instant``, by the monotonic clock."""
        return self._acted_at > instant

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` at each such request. Returns the function that ends that."""
        with self._lock:
            self._listeners.add(listener)

        def unlisten() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return unlisten


page_activity = PageActivity()
"""The process's page activity."""
