"""Reading runs by id: what open pages lack, and the runs that no stream tells of."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from time import monotonic

from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities
from inbox.mirror.full_sync import FullSync
from inbox.mirror.reading import read_run
from inbox.mirror.snapshots import Gone
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, RateLimited
from inbox.mobius.pace import Backoff
from inbox.mobius.types import Offer

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks at which runs are to be read."""
AT_ONCE = 4
"""Runs that are read for pages at one time."""
RETRY = 5.0
"""Seconds after which a run that could not be read is read again at the earliest."""
RETRIES = Backoff(base=RETRY, cap=300.0)
"""How soon a run of an open page is read again: some upstreams never send a run's log."""
AGAIN = 30.0
"""Seconds in which one run is read once for pages: some upstreams never tell all of it."""
WATCHED = 2.0
"""Seconds between two readings of a run that somebody has open and no stream tells of."""
ROUND = 5.0
"""Seconds between two looks at which runs no stream tells of."""
MOST = 1000
"""Runs of one such look."""


class Retries:
    """Runs of open pages that could not be read whole. Instants are of the monotonic clock."""

    def __init__(self, backoff: Backoff = RETRIES) -> None:
        self._backoff = backoff
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, float] = {}

    def keep(self, ids: Collection[str]) -> None:
        """Forget all others."""
        self._failures = {id: n for id, n in self._failures.items() if id in ids}
        self._due_at = {id: at for id, at in self._due_at.items() if id in ids}

    def note_failure(self, id: str, now: float, retry_after: float | None = None) -> None:
        """It could not be read just now, and is left alone for longer each time."""
        failures = self._failures[id] = self._failures.get(id, 0) + 1
        self._due_at[id] = now + self._backoff.delay(failures, retry_after)

    def note_success(self, id: str) -> None:
        """It could be read."""
        self._failures.pop(id, None)
        self._due_at.pop(id, None)

    def due(self, now: float) -> set[str]:
        """Those to be read again."""
        return {id for id, at in self._due_at.items() if at <= now}

    def waiting(self, now: float) -> set[str]:
        """Those to be left alone."""
        return self._due_at.keys() - self.due(now)


class RunReads:
    """Serves one stretch of the sync. ``followed`` are the runs that have a stream of their own;
    None where the project's stream tells of all.
    """

    def __init__(
        self, client: MobiusClient, store: Store, followed: Collection[str] | None
    ) -> None:
        self._client = client
        self._store = store
        self._followed = followed
        self._reads_others = (
            followed is not None and capabilities.of(store.upstream).run is not Offer.NO
        )
        self._full_sync = FullSync(client, store, lambda: store.upstream.cursor or 0)
        self._now = asyncio.Event()
        self._whole_at: dict[str, float] = {}
        self._retries = Retries()
        self._read_at: dict[str, float] = {}
        self._others_due = float("-inf")
        self._round: list[str] = []
        self._round_at = float("-inf")

    async def run(self) -> None:
        """For ever."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._now.set)

        unlisten = page_activity.listen(wake)
        try:
            while True:
                self._now.clear()
                await self._read_for_pages()
                if self._reads_others and monotonic() >= self._others_due:
                    self._others_due = monotonic() + EVERY
                    await self._read_others()
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await self._now.wait()
        finally:
            unlisten()

    async def _read_for_pages(self) -> None:
        now, shown = monotonic(), set(page_activity.runs())
        self._whole_at = {id: at for id, at in self._whole_at.items() if now - at < AGAIN}
        asked = page_activity.take_runs()
        self._retries.keep(shown | asked)
        due = self._retries.due(now)
        due |= asked - self._whole_at.keys() - self._retries.waiting(now)
        left = sorted(due)
        for start in range(0, len(left), AT_ONCE):
            await asyncio.gather(*map(self._read_whole, left[start : start + AT_ONCE]))

    async def _read_whole(self, run_id: str) -> None:
        try:
            await read_run(self._client, self._store.upstream, run_id)
        except MobiusError as error:
            log.info("%s could not be read whole: %s", run_id, error.message)
            self._retries.note_failure(run_id, monotonic(), error.retry_after)
        else:
            self._retries.note_success(run_id)
            self._whole_at[run_id] = monotonic()

    async def _read_others(self) -> None:
        """Those that somebody has open, and the next one of the rest."""
        now = monotonic()
        followed = set(self._followed or ())
        shown = [id for id in page_activity.runs() if id not in followed]
        due = [id for id in shown if now - self._read_at.get(id, float("-inf")) > WATCHED]
        if not self._round and now - self._round_at > ROUND:
            self._round_at = now
            runs = dict.fromkeys(await self._store.waiting_runs(MOST))
            runs |= dict.fromkeys(sorted(await self._store.open_runs()))
            self._round = [id for id in runs if id not in followed][:MOST]
            self._read_at = {id: at for id, at in self._read_at.items() if now - at < ROUND}
        if self._round:
            due.append(self._round.pop(0))
        for run_id in dict.fromkeys(due):
            self._read_at[run_id] = monotonic()
            try:
                await self._read(run_id)
            except MobiusError as error:
                log.info("%s could not be read: %s", run_id, error.message)
                if isinstance(error, RateLimited):
                    self._others_due = monotonic() + (error.retry_after or RETRY)
                    return

    async def _read(self, run_id: str) -> None:
        """The run, and what became of its questions once it is over."""
        try:
            run = await self._client.run(run_id)
        except NotFound:
            if capabilities.of(self._store.upstream).run is not Offer.YES:
                raise
            await self._store.apply([Gone(run_id=run_id)])
            return
        await self._store.apply([run])
        if run.status.finished:
            held = await self._store.open_interactions_of(run_id)
            await self._full_sync.read_interactions(held)
