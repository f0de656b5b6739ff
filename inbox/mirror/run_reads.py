"""Reading runs by id: those that someone opens, with all they have, and those without a stream."""

import asyncio
import logging
from collections.abc import Collection
from contextlib import aclosing
from datetime import datetime
from time import monotonic
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async

from inbox.lib.page_slots import locked, release_slot
from inbox.live.alarm import Alarm
from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities
from inbox.mirror.full_sync import FullSync
from inbox.mirror.run_streams import RunStreams
from inbox.mirror.snapshots import Deleted, Payload
from inbox.mirror.store import Store
from inbox.mobius import types
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, RateLimited, Unreachable
from inbox.mobius.timing import Backoff
from inbox.mobius.types import Event, Offer
from inbox.models import Event as EventRow
from inbox.models import Run, Upstream

log = logging.getLogger(__name__)

PAUSE = 0.3
"""Seconds without an event after which the replay of a complete log counts as finished."""
SILENCE = 3.0
"""Seconds that upstream may take for the next event until the log is complete."""
INTERVAL = 1.0
"""Seconds between two checks of which runs to read."""
CONCURRENCY = 4
"""Concurrent reads for pages."""
RETRY = 5.0
"""Seconds before a run that could not be read is first tried again."""
RETRIES = Backoff(base=RETRY, cap=300.0)
"""Delays of further tries: some upstreams never send a run's log."""
COMPLETE_FOR = 30.0
"""Seconds before a run is read for pages again: some upstreams never return all of it."""
OPEN_INTERVAL = 2.0
"""Seconds between two reads of a run that is open on a page, if runs have no streams."""
NOT_STREAMED_INTERVAL = 10.0
"""The same if runs have streams, but this one's isn't open."""
ROUND_INTERVAL = 5.0
"""Seconds between two rounds over the runs without a stream."""
MAX_RUNS = 1000
"""Runs of one round."""

_under_way: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()
"""The reads in this process: each run is read once at a time."""


async def read_run(client: MobiusClient, upstream: Upstream, run_id: str) -> None:
    """Read the run with its plan, steps and whole log, unless the mirror has them.

    Concurrent calls read once. A run that upstream does not know is marked deleted, unless the call
    itself may be missing. Raises MobiusError.
    """
    key = (id(asyncio.get_running_loop()), upstream.pk, run_id)
    lock = _under_way.setdefault(key, asyncio.Lock())
    async with locked(lock):
        complete, newest = await sync_to_async(_stored)(upstream, run_id)
        if not complete:
            await _read(client, upstream, run_id, newest)


def is_complete(upstream: Upstream, run: Run) -> bool:
    offers = capabilities.load(upstream)
    has_plan = run.plan is not None or offers.run is Offer.NO
    has_log = run.log_from == 0 or offers.run_events is Offer.NO
    return run.deleted or (has_plan and has_log)


def _stored(upstream: Upstream, run_id: str) -> tuple[bool, int]:
    """The second value is the seq of its newest event."""
    run = Run.objects.filter(upstream=upstream, mobius_id=run_id).first()
    events = EventRow.objects.filter(upstream=upstream, run_id=run_id).order_by("-seq")
    newest = events.values_list("seq", flat=True).first()
    return run is not None and is_complete(upstream, run), newest or 0


async def _read(client: MobiusClient, upstream: Upstream, run_id: str, newest: int) -> None:
    """A failed call does not stop the others."""
    store, offers = Store(upstream), capabilities.load(upstream)
    run, steps = await asyncio.gather(
        _nothing() if offers.run is Offer.NO else client.run(run_id),
        _nothing() if offers.steps is Offer.NO else client.steps(run_id),
        return_exceptions=True,
    )
    if isinstance(run, NotFound) and offers.run is Offer.YES:
        await store.apply([Deleted(run_id=run_id)])
        return
    payloads: list[Payload] = []
    if isinstance(run, types.Run):
        payloads.append(run)
    if isinstance(steps, tuple):
        payloads += steps
    failed = [result for result in (run, steps) if isinstance(result, BaseException)]
    events: list[Event] | None = None
    if offers.run_events is not Offer.NO and isinstance(run, types.Run):
        try:
            events = await _log_of(client, run, newest)
        except MobiusError as error:
            failed.append(error)
    await store.apply(
        [*payloads, *(events or ())], complete_runs=[] if events is None else [run_id]
    )
    if failed:
        raise failed[0]


async def _nothing() -> None:
    return None


async def _log_of(client: MobiusClient, run: types.Run, newest: int) -> list[Event]:
    """A stream is replayed where there is no list."""
    try:
        return list(await client.log(run.id))
    except NotFound:
        return await _replay(client, run.id, upto=run.updated_at, newest=newest)


async def _replay(client: MobiusClient, run_id: str, *, upto: datetime, newest: int) -> list[Event]:
    """Read at least up to the state at ``upto`` and the event ``newest``.

    Upstream does not mark the end of a replay; a pause after that point is taken for it.
    """

    def give_up(error: MobiusError) -> None:
        raise error

    events: list[Event] = []
    has_state = has_newest = False
    async with aclosing(client.events(since=0, run_id=run_id, on_break=give_up)) as stream:
        while True:
            complete = has_state and has_newest
            try:
                async with release_slot(), asyncio.timeout(PAUSE if complete else SILENCE):
                    event = await anext(stream)
            except TimeoutError:
                if complete:
                    return events
                raise Unreachable("Mobius did not send the run's events.", sent=True) from None
            if event.logged:
                events.append(event)
                has_newest = has_newest or event.seq >= newest
                has_state = has_state or (event.run is not None and event.run.updated_at >= upto)


class Retries:
    """Times are monotonic."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, float] = {}

    def keep(self, ids: Collection[str]) -> None:
        self._failures = {id: n for id, n in self._failures.items() if id in ids}
        self._due_at = {id: at for id, at in self._due_at.items() if id in ids}

    def note_failure(self, id: str, now: float, retry_after: float | None = None) -> None:
        """The delay grows each time."""
        failures = self._failures[id] = self._failures.get(id, 0) + 1
        self._due_at[id] = now + RETRIES.delay(failures, retry_after)

    def note_success(self, id: str) -> None:
        self._failures.pop(id, None)
        self._due_at.pop(id, None)

    def due(self, now: float) -> set[str]:
        return {id for id, at in self._due_at.items() if at <= now}

    def waiting(self, now: float) -> set[str]:
        return self._due_at.keys() - self.due(now)


class RunReader:
    """``streams``: of single runs, if offered; ``all_streamed``: the project's has all runs."""

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        *,
        streams: RunStreams | None,
        all_streamed: bool,
    ) -> None:
        self._client = client
        self._store = store
        self._streams = streams
        self._interval = NOT_STREAMED_INTERVAL if streams else OPEN_INTERVAL
        self._reads_others = (
            not all_streamed and capabilities.load(store.upstream).run is not Offer.NO
        )
        self._full_sync = FullSync(client, store, lambda: store.upstream.cursor or 0)
        self._alarm = Alarm()
        self._complete_at: dict[str, float] = {}
        self._retries = Retries()
        self._due_at: dict[str, float] = {}
        self._others_due = float("-inf")
        self._round: list[str] = []
        self._round_at = float("-inf")

    async def run(self) -> None:
        self._alarm.start()
        unlisten = page_activity.listen(self._on_activity)
        try:
            while True:
                await self._read_for_pages()
                await self._read_changed()
                if self._reads_others and monotonic() >= self._others_due:
                    self._others_due = monotonic() + INTERVAL
                    await self._read_others()
                await self._alarm.wait(INTERVAL)
        finally:
            unlisten()

    def _on_activity(self) -> None:
        if page_activity.has_requested_runs or page_activity.has_changed_runs:
            self._alarm.ring()

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

    async def _read_changed(self) -> None:
        changed = page_activity.take_changed_runs()
        if self._reads_others:
            await asyncio.gather(*map(self._try_to_read, changed))

    async def _read_others(self) -> None:
        on_pages = set(page_activity.runs())
        streamed = set(self._streams.open) if self._streams else set()
        due = self._due_on_pages(on_pages, streamed)
        now = monotonic()
        if not self._round and now - self._round_at > ROUND_INTERVAL:
            self._round_at = now
            runs = dict.fromkeys(await self._store.waiting_runs(MAX_RUNS))
            runs |= dict.fromkeys(sorted(await self._store.open_runs()))
            self._round = list(runs)[:MAX_RUNS]
        self._round = [id for id in self._round if id not in streamed | on_pages]
        if self._round:
            due.append(self._round.pop(0))
        for run_id in due:
            # The stream may have been limited again just before this read.
            self._due_at[run_id] = max(monotonic() + self._interval, self._limited_until(run_id))
            if not await self._try_to_read(run_id):
                return

    def _due_on_pages(self, on_pages: set[str], streamed: set[str]) -> list[str]:
        """Observes ``Retry-After`` of the runs' streams."""
        self._due_at = {id: at for id, at in self._due_at.items() if id in on_pages}
        return [
            id
            for id in sorted(on_pages - streamed)
            if monotonic() >= self._due_at.setdefault(id, self._limited_until(id))
        ]

    def _limited_until(self, run_id: str) -> float:
        return self._streams.limited_until(run_id) if self._streams else float("-inf")

    async def _try_to_read(self, run_id: str) -> bool:
        try:
            await self._read(run_id)
        except RateLimited as error:
            log.info("%s could not be read: %s", run_id, error)
            self._others_due = monotonic() + (error.retry_after or RETRY)
            return False
        except MobiusError as error:
            log.info("%s could not be read: %s", run_id, error)
        return True

    async def _read(self, run_id: str) -> None:
        """Reads the open questions of a finished run too."""
        try:
            run = await self._client.run(run_id)
        except NotFound:
            if capabilities.load(self._store.upstream).run is not Offer.YES:
                raise
            await self._store.apply([Deleted(run_id=run_id)])
            return
        await self._store.apply([run])
        if run.status.finished:
            open_questions = await self._store.open_interactions(run_id=run_id)
            await self._full_sync.read_interactions(open_questions)
