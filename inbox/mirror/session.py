"""Following upstream without a gap: the stream, full syncs and groups, concurrently."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from inbox.lib.metrics import QUEUE_DEPTH
from inbox.live.alarm import wait_for
from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities, groups, machines
from inbox.mirror.api_choice import ApiChoice
from inbox.mirror.freshness import Reason, SyncStatus, Trouble, trouble_of
from inbox.mirror.full_sync import FullSync, RequestThrottle
from inbox.mirror.polling import Poller, PollIntervals
from inbox.mirror.run_reads import RunReader
from inbox.mirror.run_streams import RunStreams
from inbox.mirror.store import BATCH_SIZE, Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import (
    Denied,
    Ended,
    MobiusError,
    NotFound,
    OtherApi,
    RateLimited,
    Silent,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.probing import probe
from inbox.mobius.timing import Backoff
from inbox.mobius.types import Event, EventKind, InteractionStatus, Offer

log = logging.getLogger(__name__)

EVENTS = QUEUE_DEPTH.labels("events")


@dataclass(frozen=True)
class Intervals:
    """All in seconds.

    Attributes:
        blind: between full syncs while the stream is not open.
        refused: the least time between tries after Mobius refused the key.
        opening: how long the first full sync waits for the stream.
        age: between checks of what only the passing of time changes on pages.
        behind: an event that waits this long means that the mirror is catching up.
        probe: how long a call that probes upstream may take.
        offers: between two probes of what upstream offers.
        grace: how long pages stay live while a closed stream is reopened.
        gather: how long an event waits for others, to be written with them.
        together: within which all events of one change arrive.
    """

    full_sync: float = 180.0
    groups: float = 60.0
    blind: float = 20.0
    refused: float = 15.0
    opening: float = 5.0
    age: float = 1.0
    behind: float = 2.0
    probe: float = 5.0
    offers: float = 600.0
    grace: float = 10.0
    gather: float = 0.03
    together: float = 0.2
    polls: PollIntervals = field(default_factory=PollIntervals)


class OffersChanged(Exception):
    pass


class UpstreamReset(Exception):
    """Upstream's log ends before the mirror's cursor: its data is lost, or was restored."""


def _is_used(name: str, offer: Offer) -> bool:
    """Unknown ones are, except the project stream, since polling can replace it."""
    return offer is Offer.YES if name == "project_events" else offer is not Offer.NO


class SyncSession:
    """Used once, until something fails."""

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        *,
        choice: ApiChoice,
        sync_status: SyncStatus,
        intervals: Intervals,
        backoff: Backoff,
    ) -> None:
        self._client = client
        self._store = store
        self._choice = choice
        self._sync_status = sync_status
        self._intervals = intervals
        self._backoff = backoff
        self._capabilities = capabilities.load(store.upstream)
        self._was_away = False
        self._recovered = asyncio.Event()
        # Also if Mobius refuses a limit that it accepted before.
        client.lists.on_smaller = self._recovered.set
        self._since = store.upstream.cursor
        self._seen_seq = self._since or 0
        self._connections = 0
        self._empty_streams = 0
        self._stream_trouble: Trouble | None = None
        self._opened = asyncio.Event()
        self._polls = not _is_used("project_events", self._capabilities.project_events)
        self._throttle = RequestThrottle(intervals.polls.missing)
        self._poller = Poller(
            client,
            store,
            sync_status=sync_status if self._polls else None,
            backoff=backoff,
            pace=intervals.polls,
            throttle=self._throttle,
            answered=self._poll_answered,
            failed=self._poll_failed,
        )
        self._stream_has_questions = asyncio.Event()
        self._stream_lacks_questions = asyncio.Event()
        self._unread_questions: set[str] = set()
        self._changed_runs: set[str] = set()
        self._reads_pending = asyncio.Event()
        self._full_sync_now = asyncio.Event()
        self._poll_now = asyncio.Event()
        self._frames: asyncio.Queue[tuple[float, Event]] = asyncio.Queue(maxsize=4 * BATCH_SIZE)
        sync_status.update(
            connected=False,
            full_sync_done=False,
            behind=False,
            silent=False,
            grace_until=None,
            seeded=store.upstream.full_synced_at is not None,
            broken_at=sync_status.facts.broken_at or datetime.now(UTC),
            heard_at=store.upstream.heard_at,
            live_until=None,
        )

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """No job ends; the first failure ends the session."""
        jobs = [
            self._write(),
            self._full_sync(),
            self._watch_capabilities(),
            self._refresh_staleness(),
        ]
        if self._polls:
            jobs.append(self._poller.run())
        else:
            jobs += [self._follow(), self._read_questions(), self._poll_beside_stream()]
        streams = None
        if self._polls and self._capabilities.run_events is not Offer.NO:
            streams = RunStreams(self._client, self._store)
            jobs.append(streams.run())
        reader = RunReader(self._client, self._store, streams=streams, all_streamed=not self._polls)
        jobs.append(reader.run())
        if self._capabilities.groups is not Offer.NO:
            jobs.append(self._poll_groups())
        if self._store.upstream.adapter.has_machines:
            jobs.append(self._read_machines())
        if self._capabilities.run is Offer.UNKNOWN:
            jobs.append(self._probe_after_first_run())
        return jobs

    async def _probe_after_first_run(self) -> None:
        """Without a run, no probe can find out if runs can be read."""
        looked = False
        while True:
            await asyncio.sleep(self._intervals.age)
            if not looked and await self._store.has_runs():
                looked = True
                self._recovered.set()

    async def _watch_capabilities(self) -> None:
        """Raises OffersChanged or ApiChanged.

        The first probes come sooner while it is unknown which API Mobius has, or if the project has
        a stream.
        """
        short_wait = self._intervals.blind
        while True:
            wait = self._intervals.offers
            undecided = self._choice.is_open(self._store.upstream)
            if undecided or self._capabilities.project_events is Offer.UNKNOWN:
                wait, short_wait = min(wait, short_wait), short_wait * 2
            if (second := self._choice.due_in) is not None:
                wait = min(wait, second)
            await wait_for(self._recovered, wait)
            self._recovered.clear()
            await self._choice.look(self._client, self._store.upstream)
            try:
                probed = await probe(
                    self._client, self._capabilities, timeout=self._intervals.probe
                )
            except MobiusError as error:
                self._was_away = True
                log.warning("what Mobius offers could not be determined: %s", trouble_of(error))
                continue
            await self._store.save_capabilities(probed)
            before, self._capabilities = self._capabilities.offers(), probed
            changed = {
                k: v for k, v in probed.offers().items() if _is_used(k, v) != _is_used(k, before[k])
            }
            if changed:
                raise OffersChanged(", ".join(f"{k}: {v.value}" for k, v in changed.items()))

    async def _follow(self) -> None:
        """When the queue is full, upstream waits."""
        stream = self._client.events(since=self._since, on_break=self._broken)
        async with aclosing(stream) as events:
            async for event in events:
                if event.kind is EventKind.CURSOR:
                    self._connected()
                self._seen_seq = max(self._seen_seq, event.seq)
                await self._frames.put((monotonic(), event))
                EVENTS.set(self._frames.qsize())

    def _connected(self) -> None:
        self._connections += 1
        self._empty_streams = 0
        self._stream_trouble = None
        # After a silent stream, opening another one does not count as news.
        silent = self._sync_status.facts.silent
        heard_at = self._sync_status.facts.heard_at if silent else datetime.now(UTC)
        self._sync_status.update(
            connected=True, full_sync_done=False, broken_at=None, trouble=None, heard_at=heard_at
        )
        self._opened.set()
        self._full_sync_now.set()
        self._poll_now.set()

    def _broken(self, error: MobiusError) -> None:
        now = datetime.now(UTC)
        facts = self._sync_status.facts
        heard_at = facts.heard_at
        if facts.connected and error.silence is not None:
            heard_at = now - timedelta(seconds=error.silence)
        # A silent stream counts as broken since it last sent something.
        broken_at = heard_at if isinstance(error, Silent) else now
        grace_until = facts.grace_until
        if not isinstance(error, Unreachable | Unavailable) or isinstance(error, Silent):
            grace_until = None
        elif facts.connected and self._sync_status.current(now).state == "live":
            grace_until = now + timedelta(seconds=self._intervals.grace)
        was_accepted = error.silence is not None
        if was_accepted and not facts.connected:
            self._empty_streams += 1
            if self._empty_streams % 2 == 0:
                # A probe finds out whether it is a stream at all.
                self._recovered.set()
        because = trouble_of(error)
        if not was_accepted and facts.trouble is None:
            # Other requests may succeed or tell more: a full sync finds out.
            self._full_sync_now.set()
        if because.reason is Reason.NOT_RESPONDING or facts.reason is Reason.OTHER_API:
            trouble, self._stream_trouble = facts.trouble, None
        else:
            trouble = self._stream_trouble = because
        self._sync_status.update(
            connected=False,
            grace_until=grace_until,
            silent=facts.silent or isinstance(error, Silent),
            broken_at=facts.broken_at or broken_at,
            heard_at=heard_at,
            trouble=trouble,
        )
        log.warning(
            "the event stream is not open: %s", error if isinstance(error, Ended) else because
        )

    def _poll_answered(self) -> None:
        self._opened.set()
        if self._was_away:
            self._was_away = False
            self._recovered.set()
            self._full_sync_now.set()

    def _poll_failed(self, error: MobiusError) -> None:
        self._was_away = self._was_away or isinstance(error, Unreachable)

    async def _write(self) -> None:
        """Events that arrive close together become one transaction."""
        cursor = self._since
        while True:
            frames = [await self._frames.get()]
            if self._frames.qsize() < BATCH_SIZE:
                await asyncio.sleep(self._intervals.gather)
            while len(frames) < BATCH_SIZE and not self._frames.empty():
                frames.append(self._frames.get_nowait())
            EVENTS.set(self._frames.qsize())
            events = [event for _, event in frames]
            newest = max(event.seq for event in events)
            before = events[0].seq if cursor is None else cursor
            await self._store.apply(events, seen_seq=before, cursor=newest)
            self._note_questions(events)
            cursor = max(before, newest)
            lag = monotonic() - frames[0][0]
            behind = lag > self._intervals.behind and not self._frames.empty()
            silent = self._sync_status.facts.silent and not any(event.logged for event in events)
            heard_at = self._sync_status.facts.heard_at if silent else datetime.now(UTC)
            self._sync_status.update(lag=lag, behind=behind, silent=silent, heard_at=heard_at)

    def _note_questions(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.interaction is not None:
                self._stream_has_questions.set()
                if event.interaction.partial:
                    self._unread_questions.add(event.interaction.id)
            elif event.run is not None and event.logged:
                self._changed_runs.add(event.run.id)
        if self._changed_runs or self._unread_questions:
            self._reads_pending.set()

    async def _read_questions(self) -> None:
        """Reads all pending questions if the project's stream carries no question events."""
        full_sync = FullSync(self._client, self._store, lambda: self._seen_seq)
        while True:
            await self._reads_pending.wait()
            # Wait for all events of one change.
            await asyncio.sleep(self._intervals.together)
            self._reads_pending.clear()
            ids, self._unread_questions = self._unread_questions, set()
            runs, self._changed_runs = self._changed_runs, set()
            has_questions = self._stream_has_questions.is_set()
            if not has_questions:
                self._stream_lacks_questions.set()
            try:
                await full_sync.read_interactions(ids)
                for run_id in () if has_questions else sorted(runs):
                    await full_sync.read_questions(run_id)
            except MobiusError as error:
                log.warning("questions could not be read: %s", trouble_of(error))
                self._full_sync_now.set()
                await asyncio.sleep(self._intervals.refused)

    async def _poll_beside_stream(self) -> None:
        """If the stream carries no question events, nothing else brings those without a run."""
        loop, since = asyncio.get_running_loop(), monotonic()

        def on_activity() -> None:
            if page_activity.acted_since(since):
                loop.call_soon_threadsafe(self._stream_lacks_questions.set)

        unlisten = page_activity.listen(on_activity)
        try:
            await self._stream_lacks_questions.wait()
        finally:
            unlisten()
        polling = asyncio.ensure_future(self._poller.run())
        has_questions = asyncio.ensure_future(self._stream_has_questions.wait())
        try:
            await asyncio.wait({polling, has_questions}, return_when=asyncio.FIRST_COMPLETED)
            if polling.done():
                polling.result()
        finally:
            polling.cancel()
            has_questions.cancel()
            await asyncio.gather(polling, has_questions, return_exceptions=True)
        await loop.create_future()

    async def _full_sync(self) -> None:
        """Runs once the stream is open, whenever it has reopened, and regularly."""
        await wait_for(self._opened, self._intervals.opening)
        await self._repeat(
            self._full_sync_once,
            self._full_sync_failed,
            self._until_next_full_sync,
            self._full_sync_now,
        )

    async def _full_sync_once(self) -> None:
        self._full_sync_now.clear()
        connections = self._connections
        if not self._polls:
            await self._check_for_reset()
        full_sync = FullSync(self._client, self._store, lambda: self._seen_seq, self._throttle)
        await full_sync.run()
        if self._was_away:
            self._was_away = False
            self._recovered.set()
        facts = self._sync_status.facts
        self._sync_status.update(
            seeded=True,
            silent=False,
            full_sync_done=self._polls or (facts.connected and connections == self._connections),
            trouble=None if facts.connected else self._stream_trouble,
            skipped=tuple(sorted(full_sync.skipped)),
            repeats=full_sync.repeats,
            heard_at=datetime.now(UTC),
        )

    def _full_sync_failed(self, error: MobiusError) -> None:
        self._was_away = self._was_away or isinstance(error, Unreachable)
        if isinstance(error, OtherApi):
            self._recovered.set()
        self._sync_status.update(trouble=trouble_of(error))
        log.warning("the mirror could not be compared with Mobius: %s", trouble_of(error))

    def _until_next_full_sync(self) -> float:
        return (
            self._intervals.full_sync
            if self._sync_status.facts.connected
            else self._intervals.blind
        )

    async def _check_for_reset(self) -> None:
        seen_seq = self._seen_seq

        def give_up(error: MobiusError) -> None:
            raise error

        with suppress(TimeoutError, MobiusError):
            async with (
                asyncio.timeout(self._intervals.probe),
                aclosing(self._client.events(on_break=give_up)) as events,
            ):
                async for event in events:
                    if not event.assumed and 0 < event.seq < seen_seq:
                        await self._store.reset()
                        raise UpstreamReset
                    return

    async def _poll_groups(self) -> None:
        async def once() -> None:
            self._poll_now.clear()
            try:
                await groups.poll(self._client, self._store.upstream)
            except Unauthorized:
                await self._check_key()
                raise
            self._sync_status.update(heard_at=datetime.now(UTC))

        def failed(error: MobiusError) -> None:
            log.warning("the groups could not be read: %s", trouble_of(error))

        await self._repeat(once, failed, lambda: self._intervals.groups, self._poll_now)

    async def _read_machines(self) -> None:
        while True:
            wait = self._intervals.full_sync
            try:
                await machines.read(self._client)
            except MobiusError as error:
                log.info("the names of machines could not be read: %s", trouble_of(error))
                wait = max(wait, error.retry_after or 0.0)
            await asyncio.sleep(wait)

    async def _check_key(self) -> None:
        """A full sync reports a refused key: an open stream would not show it."""
        try:
            await self._client.interactions(status=InteractionStatus.PENDING, limit=1)
        except Unauthorized:
            self._full_sync_now.set()
        except MobiusError as error:
            log.info("the service key could not be tried: %s", error)

    async def _repeat(
        self,
        job: Callable[[], Awaitable[None]],
        failed: Callable[[MobiusError], None],
        pause: Callable[[], float],
        wake: asyncio.Event,
    ) -> None:
        """Runs after ``pause``, when ``wake`` is set, and after failures with back-off."""
        failures = 0
        while True:
            try:
                await job()
            except MobiusError as error:
                failures += 1
                failed(error)
                wait = self._backoff.delay(failures, error.retry_after)
                if isinstance(error, Unauthorized | Denied | NotFound):
                    wait = max(wait, self._intervals.refused)
                if isinstance(error, RateLimited) or error.retry_after:
                    await asyncio.sleep(wait)
                    continue
            else:
                failures = 0
                wait = pause()
            await wait_for(wake, wait)

    async def _refresh_staleness(self) -> None:
        while True:
            await asyncio.sleep(self._intervals.age)
            self._sync_status.refresh()
