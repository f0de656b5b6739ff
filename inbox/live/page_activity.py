"""Pages in use: they decide how often an upstream without a project stream is polled, in one
process, to which the others report.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from time import monotonic

from inbox.lib.process_name import NAME
from inbox.live.bus import get_bus

ACTIVE_FOR = 30.0
"""Seconds for which a requested page counts as open, with or without a stream."""

MAX_RUNS = 1000
"""Requested or changed runs that the sync has not read yet; the oldest are dropped."""

CHANNEL = "pages"
REPORT_EVERY = 1.0
"""Seconds between two reports of the open pages to the other processes, if they have changed."""
REPORT_AGAIN = 10.0
"""Seconds between two reports while they haven't."""


class PageActivity:
    """All methods may be called from any thread."""

    def __init__(self) -> None:
        self.streams: Callable[[], int] = lambda: 0
        """How many live streams are open; the site sets it."""
        self.watched_runs: Callable[[], list[str]] = list
        """Ids of the runs that open pages of this process show; the site sets it."""
        self._lock = threading.Lock()
        self._requested_at = float("-inf")
        self._acted_at = float("-inf")
        self._reported_at = float("-inf")
        self._runs: dict[str, None] = {}
        self._changed_runs: dict[str, None] = {}
        self._elsewhere: dict[str, tuple[float, list[str]]] = {}
        self._listeners: set[Callable[[], None]] = set()

    @property
    def is_active(self) -> bool:
        return self.streams() > 0 or monotonic() - self._requested_at < ACTIVE_FOR

    def runs(self) -> list[str]:
        runs, now = dict.fromkeys(self.watched_runs()), monotonic()
        with self._lock:
            for process, (at, elsewhere) in list(self._elsewhere.items()):
                if now - at < 2 * REPORT_AGAIN:
                    runs |= dict.fromkeys(elsewhere)
                else:  # it has ended, or shows no page
                    del self._elsewhere[process]
        return list(runs)

    def page_requested(self) -> None:
        if monotonic() - self._reported_at >= REPORT_EVERY:
            self._reported_at = monotonic()
            self._broadcast(requested=True)
        self._note_request()

    def run_requested(self, run_id: str) -> None:
        """A page shows this run, and the mirror does not have all of it."""
        self._broadcast(run=run_id)
        self._note_run(run_id)

    @property
    def has_requested_runs(self) -> bool:
        return bool(self._runs)

    def take_runs(self) -> set[str]:
        with self._lock:
            runs, self._runs = set(self._runs), {}
        return runs

    def acted(self, run_id: str = "") -> None:
        """A person changed something upstream: the mirror should follow at once."""
        self._broadcast(acted=run_id)
        self._note_act(run_id)

    @property
    def has_changed_runs(self) -> bool:
        return bool(self._changed_runs)

    def take_changed_runs(self) -> set[str]:
        with self._lock:
            runs, self._changed_runs = set(self._changed_runs), {}
        return runs

    def acted_since(self, instant: float) -> bool:
        return self._acted_at > instant

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Return a function that ends the subscription."""
        with self._lock:
            self._listeners.add(listener)

        def unlisten() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return unlisten

    async def keep_reporting(self) -> None:
        """Runs until cancelled."""
        reported, reported_at = [""], float("-inf")
        get_bus().on_broadcast(CHANNEL, self._on_broadcast)
        while True:
            runs = self.watched_runs()[:MAX_RUNS]
            due = self.streams() > 0 and monotonic() - reported_at >= REPORT_AGAIN
            if runs != reported or due:
                reported, reported_at = runs, monotonic()
                self._broadcast(process=NAME, open=self.streams() > 0, runs=runs)
            await asyncio.sleep(REPORT_EVERY)

    def _broadcast(self, **facts: object) -> None:
        get_bus().broadcast(CHANNEL, json.dumps(facts))

    def _on_broadcast(self, text: str) -> None:
        match json.loads(text):
            case {"process": process, "open": is_open, "runs": runs}:
                with self._lock:
                    self._elsewhere[process] = monotonic(), runs
                    if is_open:
                        self._requested_at = monotonic()
            case {"run": run_id}:
                self._note_run(run_id)
            case {"acted": run_id}:
                self._note_act(run_id)
            case _:
                self._note_request()

    def _note_request(self) -> None:
        with self._lock:
            self._requested_at = monotonic()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def _note_run(self, run_id: str) -> None:
        self._add(self._runs, run_id)
        self._note_request()

    def _add(self, runs: dict[str, None], run_id: str) -> None:
        with self._lock:
            runs[run_id] = None
            while len(runs) > MAX_RUNS:
                del runs[next(iter(runs))]

    def _note_act(self, run_id: str) -> None:
        self._acted_at = monotonic()
        if run_id:
            self._add(self._changed_runs, run_id)
        self._note_request()


page_activity = PageActivity()
"""The process's page activity."""
