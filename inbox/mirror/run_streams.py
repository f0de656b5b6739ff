"""Follows runs by their own streams if upstream has no project stream."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import aclosing
from time import monotonic

from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities
from inbox.mirror.full_sync import FullSync
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, RateLimited
from inbox.mobius.probing import is_lasting
from inbox.mobius.types import Event, EventKind, Offer, Run

log = logging.getLogger(__name__)

MAX_STREAMS = 100
INTERVAL = 1.0
"""Seconds between two checks of which runs to follow."""
RETRY_MISSING_AFTER = 60.0
"""Seconds before a missing stream is tried again."""


class RunStreams:
    """Follows runs that are open on a page, and suspended runs with open questions.

    The effects of an answer come after the question has closed, so such a run is followed a few
    minutes longer, or until it is finished.
    """

    def __init__(self, client: MobiusClient, store: Store) -> None:
        self._client = client
        self._store = store
        self._capabilities = capabilities.load(store.upstream)
        self._full_sync = FullSync(client, store, lambda: store.upstream.cursor or 0)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._open: set[str] = set()
        self._limited_until: dict[str, float] = {}
        self._missing: dict[str, float] = {}

    @property
    def open(self) -> Collection[str]:
        """A live view of the ids of runs."""
        return self._open

    def limited_until(self, run_id: str) -> float:
        """Monotonic time."""
        return self._limited_until.get(run_id, float("-inf"))

    async def run(self) -> None:
        try:
            while True:
                to_follow = await self._wanted()
                for run_id in self._tasks.keys() - to_follow:
                    self._tasks.pop(run_id).cancel()
                for run_id, task in list(self._tasks.items()):
                    if task.done():
                        self._ended(run_id, task)
                for run_id in to_follow - self._tasks.keys():
                    self._tasks[run_id] = asyncio.create_task(self._follow(run_id))
                await asyncio.sleep(INTERVAL)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _wanted(self) -> set[str]:
        """First those open on a page, then those that resume, the most recently changed first."""
        now = monotonic()
        self._missing = {
            id: at for id, at in self._missing.items() if now - at < RETRY_MISSING_AFTER
        }
        runs = dict.fromkeys(page_activity.runs())
        runs |= dict.fromkeys(await self._store.resuming_runs(MAX_STREAMS))
        runs |= dict.fromkeys(await self._store.waiting_runs(MAX_STREAMS))
        return set([id for id in runs if id not in self._missing][:MAX_STREAMS])

    def _ended(self, run_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[run_id]
        self._missing[run_id] = monotonic()
        error = task.exception()
        if not isinstance(error, MobiusError):
            log.error("stopped following the stream of %s", run_id, exc_info=error)

    async def _follow(self, run_id: str) -> None:
        """Raises MobiusError if the run has no stream."""

        def broken(error: MobiusError) -> None:
            self._open.discard(run_id)
            if isinstance(error, RateLimited):
                self._limited_until[run_id] = monotonic() + (error.retry_after or 0.0)
            if is_lasting(error):
                raise error

        # Where runs can't be read, the log is the only source.
        since = 0 if self._capabilities.run is Offer.NO else None
        run: Run | None = None
        stream = self._client.events(
            run_id=run_id, since=since, on_break=broken, cursor_events=True
        )
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if event.kind is EventKind.CURSOR:
                        self._open.add(run_id)
                        # Reading the run gets what happened before the stream opened.
                        run = await self._read_run(run_id)
                        await self._read_questions(run_id)
                        continue
                    await self._store.apply([event])
                    if event.without_state:
                        if _is_included(event, run):
                            continue
                        run = await self._read_run(run_id)
                    if event.run is not None or event.without_state:
                        await self._read_questions(run_id)
        finally:
            self._open.discard(run_id)
            self._limited_until.pop(run_id, None)

    async def _read_run(self, run_id: str) -> Run | None:
        if self._capabilities.run is Offer.NO:
            return None
        try:
            run = await self._client.run(run_id)
        except MobiusError as error:
            log.info("%s could not be read: %s", run_id, error)
            return None
        await self._store.apply([run])
        return run

    async def _read_questions(self, run_id: str) -> None:
        try:
            await self._full_sync.read_questions(run_id)
        except MobiusError as error:
            log.info("the questions of %s could not be read: %s", run_id, error)


def _is_included(event: Event, run: Run | None) -> bool:
    """The run was read after the event, which a stream has replayed."""
    return run is not None and event.at is not None and event.at < run.updated_at
