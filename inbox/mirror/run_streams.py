"""Following runs by their own streams where upstream has none of the whole project."""

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
from inbox.mobius.errors import MobiusError
from inbox.mobius.probing import is_lasting
from inbox.mobius.types import EventKind, Offer
from inbox.models import Run as RunRow

log = logging.getLogger(__name__)

MOST = 100
"""Streams that are open at one time."""
EVERY = 1.0
"""Seconds between two looks at which runs matter."""
LINGER = 60.0
"""Seconds for which an unfinished run is followed after its last question has closed."""
AGAIN = 60.0
"""Seconds for which a run whose stream is not there is left alone."""


class RunStreams:
    """The runs that somebody has open, and suspended ones with open questions.

    What an answer leads to comes after the question has closed, so such a run is followed a while
    longer, until it is finished.
    """

    def __init__(self, client: MobiusClient, store: Store) -> None:
        self._client = client
        self._store = store
        self._offers = capabilities.of(store.upstream)
        self._full_sync = FullSync(client, store, lambda: store.upstream.cursor or 0)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._missing: dict[str, float] = {}
        self._wanted_at: dict[str, float] = {}

    @property
    def followed(self) -> Collection[str]:
        """The runs that have a stream now, kept up to date."""
        return self._tasks.keys()

    async def run(self) -> None:
        """Open and close streams as it is needed, for ever."""
        try:
            while True:
                wanted = await self._wanted()
                for run_id in self._tasks.keys() - wanted:
                    self._tasks.pop(run_id).cancel()
                for run_id, task in list(self._tasks.items()):
                    if task.done():
                        self._ended(run_id, task)
                for run_id in wanted - self._tasks.keys():
                    self._tasks[run_id] = asyncio.create_task(self._follow(run_id))
                await asyncio.sleep(EVERY)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _wanted(self) -> set[str]:
        """Those that are open somewhere first, then those that changed last."""
        now = monotonic()
        self._missing = {id: at for id, at in self._missing.items() if now - at < AGAIN}
        runs = dict.fromkeys([*page_activity.runs(), *await self._store.waiting_runs(MOST)])
        # A question may come and go between two looks.
        runs |= dict.fromkeys(await self._store.unheard_runs(MOST))
        recent = {id: at for id, at in self._wanted_at.items() if now - at < LINGER}
        finished = await self._store.known(RunRow, recent)
        unfinished = {id: at for id, at in recent.items() if not finished.get(id)}
        self._wanted_at = unfinished | dict.fromkeys(runs, now)
        runs |= dict.fromkeys(unfinished)
        return set([id for id in runs if id not in self._missing][:MOST])

    def _ended(self, run_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[run_id]
        self._missing[run_id] = monotonic()
        error = task.exception()
        if not isinstance(error, MobiusError):
            log.error("the stream of %s was not followed further", run_id, exc_info=error)

    async def _follow(self, run_id: str) -> None:
        """Endless; raises MobiusError where the run has no stream."""

        def broken(error: MobiusError) -> None:
            if is_lasting(error):
                raise error

        # A run that cannot be read is known from its log alone.
        since = 0 if self._offers.run is Offer.NO else None
        stream = self._client.events(run_id=run_id, since=since, on_break=broken, marks=True)
        async with aclosing(stream) as events:
            async for event in events:
                if event.kind is EventKind.CURSOR:
                    # What happened before the stream was open is in the run itself.
                    await self._read_run(run_id)
                    await self._read_questions(run_id)
                    continue
                await self._store.apply([event])
                if event.run is not None:
                    await self._read_questions(run_id)

    async def _read_run(self, run_id: str) -> None:
        if self._offers.run is Offer.NO:
            return
        try:
            await self._store.apply([await self._client.run(run_id)])
        except MobiusError as error:
            log.info("%s could not be read: %s", run_id, error.message)

    async def _read_questions(self, run_id: str) -> None:
        """Those that are open now, and what became of those that the mirror holds open."""
        try:
            await self._full_sync.read_questions(run_id)
        except MobiusError as error:
            log.info("the questions of %s could not be read: %s", run_id, error.message)
