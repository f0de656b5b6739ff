"""Reading runs by id: those that open pages lack, and those without a stream."""

import asyncio
import logging
from collections.abc import Collection
from time import monotonic

from inbox.live.alarm import Alarm
from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities
from inbox.mirror.full_sync import FullSync
from inbox.mirror.reading import read_run
from inbox.mirror.snapshots import Deleted
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, RateLimited
from inbox.mobius.timing import Backoff
from inbox.mobius.types import Offer

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two checks of which runs to read."""
CONCURRENCY = 4
"""Concurrent reads for pages."""
RETRY = 5.0
"""Seconds before a run that could not be read is first tried again."""
RETRIES = Backoff(base=RETRY, cap=300.0)
"""Delays of further tries: some upstreams never send a run's log."""
COMPLETE_FOR = 30.0
"""Seconds in which a run is read once for pages: some upstreams never return all of it."""
OPEN_INTERVAL = 2.0
"""Seconds between two reads of a run that is open on a page and has no stream."""
ROUND_INTERVAL = 5.0
"""Seconds between two rounds over the runs without a stream."""
MAX_RUNS = 1000
"""Runs of one round."""


class Retries:
    """Runs of open pages that could not be read completely. Times are monotonic."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, float] = {}

    def keep(self, ids: Collection[str]) -> None:
        """Drop all other runs."""
        self._failures = {id: n for id, n in self._failures.items() if id in ids}
        self._due_at = {id: at for id, at in self._due_at.items() if id in ids}

    def note_failure(self, id: str, now: float, retry_after: float | None = None) -> None:
        """Record a failed read; the delay grows each time."""
        failures = self._failures[id] = self._failures.get(id, 0) + 1
        self._due_at[id] = now + RETRIES.delay(failures, retry_after)

    def note_success(self, id: str) -> None:
        self._failures.pop(id, None)
        self._due_at.pop(id, None)

    def due(self, now: float) -> set[str]:
        """Ids of runs to be read again now."""
        return {id for id, at in self._due_at.items() if at <= now}

    def waiting(self, now: float) -> set[str]:
        """Ids of runs whose delay has not passed."""
        return self._due_at.keys() - self.due(now)


class RunReader:
    """Reads runs for one sync session. ``followed`` are the runs with a stream of their own; None
    where the project's stream has all runs.
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
        self._alarm = Alarm()
        self._complete_at: dict[str, float] = {}
        self._retries = Retries()
        self._read_at: dict[str, float] = {}
        self._others_due = float("-inf")
        self._round: list[str] = []
        self._round_at = float("-inf")

    async def run(self) -> None:
        """Run until cancelled."""
        self._alarm.start()
        unlisten = page_activity.listen(self._alarm.ring)
        try:
            while True:
                await self._read_for_pages()
                if self._reads_others and monotonic() >= self._others_due:
                    self._others_due = monotonic() + INTERVAL
                    await self._read_others()
                await self._alarm.wait(INTERVAL)
        finally:
            unlisten()

    async def _read_for_pages(self) -> None:
        now, open_runs = monotonic(), set(page_activity.runs())
        self._complete_at = {
            id: at for id, at in self._complete_at.items() if now - at < COMPLETE_FOR
        }
        requested = page_activity.take_runs()
        self._retries.keep(open_runs | requested)
        due = self._retries.due(now)
        due |= requested - self._complete_at.keys() - self._retries.waiting(now)
        run_ids = sorted(due)
        for start in range(0, len(run_ids), CONCURRENCY):
            await asyncio.gather(*map(self._read_complete, run_ids[start : start + CONCURRENCY]))

    async def _read_complete(self, run_id: str) -> None:
        try:
            await read_run(self._client, self._store.upstream, run_id)
        except MobiusError as error:
            log.info("%s could not be read whole: %s", run_id, error)
            self._retries.note_failure(run_id, monotonic(), error.retry_after)
        else:
            self._retries.note_success(run_id)
            self._complete_at[run_id] = monotonic()

    async def _read_others(self) -> None:
        """Read runs without a stream: those open on a page, and the next of the others."""
        now = monotonic()
        followed = set(self._followed or ())
        open_runs = [id for id in page_activity.runs() if id not in followed]
        due = [id for id in open_runs if now - self._read_at.get(id, float("-inf")) > OPEN_INTERVAL]
        if not self._round and now - self._round_at > ROUND_INTERVAL:
            self._round_at = now
            runs = dict.fromkeys(await self._store.waiting_runs(MAX_RUNS))
            runs |= dict.fromkeys(sorted(await self._store.open_runs()))
            self._round = [id for id in runs if id not in followed][:MAX_RUNS]
            self._read_at = {
                id: at for id, at in self._read_at.items() if now - at < ROUND_INTERVAL
            }
        if self._round:
            due.append(self._round.pop(0))
        for run_id in dict.fromkeys(due):
            self._read_at[run_id] = monotonic()
            try:
                await self._read(run_id)
            except MobiusError as error:
                log.info("%s could not be read: %s", run_id, error)
                if isinstance(error, RateLimited):
                    self._others_due = monotonic() + (error.retry_after or RETRY)
                    return

    async def _read(self, run_id: str) -> None:
        """Read the run, and its open questions once it is finished."""
        try:
            run = await self._client.run(run_id)
        except NotFound:
            if capabilities.of(self._store.upstream).run is not Offer.YES:
                raise
            await self._store.apply([Deleted(run_id=run_id)])
            return
        await self._store.apply([run])
        if run.status.finished:
            open_questions = await self._store.open_interactions_of(run_id)
            await self._full_sync.read_interactions(open_questions)
