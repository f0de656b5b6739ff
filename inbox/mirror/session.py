"""Following upstream without a gap: the stream, the full syncs, the groups, side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities, groups
from inbox.mirror.freshness import SyncStatus, trouble_of
from inbox.mirror.full_sync import FullSync
from inbox.mirror.polling import Pace, Polling
from inbox.mirror.restraint import Restraint
from inbox.mirror.run_reads import RunReads
from inbox.mirror.run_streams import RunStreams
from inbox.mirror.store import LARGEST, Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import (
    Denied,
    MobiusError,
    NotFound,
    RateLimited,
    Silent,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.pace import Backoff
from inbox.mobius.probing import probe
from inbox.mobius.types import Event, EventKind, InteractionStatus, Offer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Intervals:
    """In seconds. ``full_sync`` and ``groups``: from one reading to the next while all goes well.

    ``blind``: between full syncs while the stream is not open. ``refused``: the least between tries
    after Mobius refused the key. ``opening``: how long the first full sync waits for the stream.
    ``age``: how often it is checked whether time alone has changed what pages say. ``behind``: an
    event that waits this long means that the mirror is catching up. ``probe``: how long upstream
    may take to say where its log ends. ``offers``: between two looks at what upstream offers.
    ``grace``: how long pages stay live while a stream that was closed is opened again.
    ``together``: within which events that tell of one change arrive.
    ``polls``: where the pending list is polled.
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
    together: float = 0.2
    polls: Pace = field(default_factory=Pace)


class OffersChanged(Exception):
    """A probe found that upstream offers something else than when the course began."""


def _is_used(name: str, offer: Offer) -> bool:
    """What is not known is used like what is there, except for the project's stream: polling does
    as well.
    """
    return offer is Offer.YES if name == "project_events" else offer is not Offer.NO


class StartedAnew(Exception):
    """Upstream's log ends before what was heard of it: its data is gone, or older than ours."""


class SyncSession:
    """One stretch without a gap, from the cursor of ``store`` on. Serves once."""

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        *,
        sync_status: SyncStatus,
        intervals: Intervals,
        backoff: Backoff,
    ) -> None:
        self._client = client
        self._store = store
        self._sync_status = sync_status
        self._intervals = intervals
        self._backoff = backoff
        self._offers = capabilities.of(store.upstream)
        self._was_away = False
        self._answers_again = asyncio.Event()
        self._since = store.upstream.cursor
        self._heard = self._since or 0
        self._connections = 0
        self._opened = asyncio.Event()
        self._polls = not _is_used("project_events", self._offers.project_events)
        self._restraint = Restraint(intervals.polls.again)
        self._polling = Polling(
            client,
            store,
            sync_status=sync_status if self._polls else None,
            backoff=backoff,
            pace=intervals.polls,
            restraint=self._restraint,
            answered=self._poll_answered,
            failed=self._poll_failed,
        )
        self._tells_questions = asyncio.Event()
        self._leaves_questions = asyncio.Event()
        self._untold_questions: set[str] = set()
        self._moved_runs: set[str] = set()
        self._something_untold = asyncio.Event()
        self._full_sync_now = asyncio.Event()
        self._poll_now = asyncio.Event()
        self._frames: asyncio.Queue[tuple[float, Event]] = asyncio.Queue(maxsize=4 * LARGEST)
        sync_status.update(
            connected=False,
            full_sync_done=False,
            behind=False,
            silent=False,
            grace_until=None,
            seeded=store.upstream.walked_at is not None,
            broken_at=sync_status.facts.broken_at or datetime.now(UTC),
            heard_at=store.upstream.heard_at,
            live_until=None,
        )

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side; each endless, and the first failure ends the course."""
        jobs = [self._write(), self._full_sync(), self._look_at_offers(), self._refresh_staleness()]
        if self._polls:
            jobs.append(self._polling.run())
        else:
            jobs += [self._follow(), self._read_questions(), self._poll_beside()]
        followed: Collection[str] | None = () if self._polls else None
        if self._polls and self._offers.run_events is not Offer.NO:
            streams = RunStreams(self._client, self._store)
            followed = streams.followed
            jobs.append(streams.run())
        jobs.append(RunReads(self._client, self._store, followed).run())
        if self._offers.groups is not Offer.NO:
            jobs.append(self._poll())
        if self._offers.run is Offer.UNKNOWN:
            jobs.append(self._look_at_first_run())
        return jobs

    async def _look_at_first_run(self) -> None:
        """Whether runs can be read is found out once there is one to ask for."""
        looked = False
        while True:
            await asyncio.sleep(self._intervals.age)
            if not looked and await self._store.has_runs():
                looked = True
                self._answers_again.set()

    async def _look_at_offers(self) -> None:
        """Now and then, and when upstream answers again. Raises OffersChanged.

        Sooner at first where it could not be found out whether the project has a stream.
        """
        soon = self._intervals.blind
        while True:
            wait = self._intervals.offers
            if self._offers.project_events is Offer.UNKNOWN:
                wait, soon = min(wait, soon), soon * 2
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._answers_again.wait()
            self._answers_again.clear()
            try:
                found = await probe(self._client, self._offers)
            except MobiusError as error:
                self._was_away = True
                log.warning("what Mobius offers could not be found out: %s", trouble_of(error))
                continue
            await self._store.offers(found)
            before, self._offers = self._offers.offers(), found
            changed = {
                k: v for k, v in found.offers().items() if _is_used(k, v) != _is_used(k, before[k])
            }
            if changed:
                raise OffersChanged(", ".join(f"{k}: {v.value}" for k, v in changed.items()))

    async def _follow(self) -> None:
        """Take in the project's stream; what cannot be written as fast waits upstream."""
        stream = self._client.events(since=self._since, on_break=self._broken)
        async with aclosing(stream) as events:
            async for event in events:
                if event.kind is EventKind.CURSOR:
                    self._connected()
                self._heard = max(self._heard, event.seq)
                await self._frames.put((monotonic(), event))

    def _connected(self) -> None:
        self._connections += 1
        # A stream that opens and stays silent has brought nothing.
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
        # A stream that was silent has been broken since then, and not only for a moment.
        broken_at = heard_at if isinstance(error, Silent) else now
        grace_until = facts.grace_until
        if not isinstance(error, Unreachable | Unavailable) or isinstance(error, Silent):
            grace_until = None
        elif facts.connected and self._sync_status.present(now).state == "live":
            grace_until = now + timedelta(seconds=self._intervals.grace)
        self._sync_status.update(
            connected=False,
            grace_until=grace_until,
            silent=facts.silent or isinstance(error, Silent),
            broken_at=facts.broken_at or broken_at,
            heard_at=heard_at,
            trouble=trouble_of(error),
        )
        log.warning("the event stream is not open: %s", trouble_of(error))

    def _poll_answered(self) -> None:
        self._opened.set()
        if self._was_away:
            self._was_away = False
            self._answers_again.set()
            self._full_sync_now.set()

    def _poll_failed(self, error: MobiusError) -> None:
        self._was_away = self._was_away or isinstance(error, Unreachable)

    async def _write(self) -> None:
        """Write what the stream brought; what waits together becomes one transaction."""
        cursor = self._since
        while True:
            frames = [await self._frames.get()]
            while len(frames) < LARGEST and not self._frames.empty():
                frames.append(self._frames.get_nowait())
            events = [event for _, event in frames]
            newest = max(event.seq for event in events)
            before = events[0].seq if cursor is None else cursor
            await self._store.apply(events, heard=before, cursor=newest)
            self._note_questions(events)
            cursor = max(before, newest)
            lag = monotonic() - frames[0][0]
            behind = lag > self._intervals.behind and not self._frames.empty()
            silent = self._sync_status.facts.silent and not any(event.logged for event in events)
            heard_at = self._sync_status.facts.heard_at if silent else datetime.now(UTC)
            self._sync_status.update(lag=lag, behind=behind, silent=silent, heard_at=heard_at)

    def _note_questions(self, events: Sequence[Event]) -> None:
        """Remember which questions the stream leaves to be read."""
        for event in events:
            if event.interaction is not None:
                self._tells_questions.set()
                if event.interaction.partial:
                    self._untold_questions.add(event.interaction.id)
            elif event.run is not None and event.logged:
                self._moved_runs.add(event.run.id)
        if self._moved_runs or self._untold_questions:
            self._something_untold.set()

    async def _read_questions(self) -> None:
        """Read what the project's stream does not tell of questions: all of them, where it sends
        nothing but the status of runs.
        """
        full_sync = FullSync(self._client, self._store, lambda: self._heard)
        while True:
            await self._something_untold.wait()
            # What a stream tells of one change comes together.
            await asyncio.sleep(self._intervals.together)
            self._something_untold.clear()
            ids, self._untold_questions = self._untold_questions, set()
            runs, self._moved_runs = self._moved_runs, set()
            told = self._tells_questions.is_set()
            if not told:
                self._leaves_questions.set()
            try:
                await full_sync.read_interactions(ids)
                for run_id in () if told else sorted(runs):
                    await full_sync.read_questions(run_id)
            except MobiusError as error:
                log.warning("questions could not be read: %s", trouble_of(error))
                self._full_sync_now.set()
                await asyncio.sleep(self._intervals.refused)

    async def _poll_beside(self) -> None:
        """Poll the pending list while the project's stream tells of runs, or nothing of what was
        done from here, and never of a question: nothing else brings those that no run asks.
        """
        loop, since = asyncio.get_running_loop(), monotonic()

        def look() -> None:
            if page_activity.acted_since(since):
                loop.call_soon_threadsafe(self._leaves_questions.set)

        unlisten = page_activity.listen(look)
        try:
            await self._leaves_questions.wait()
        finally:
            unlisten()
        polling = asyncio.ensure_future(self._polling.run())
        told = asyncio.ensure_future(self._tells_questions.wait())
        try:
            await asyncio.wait({polling, told}, return_when=asyncio.FIRST_COMPLETED)
            if polling.done():
                polling.result()
        finally:
            polling.cancel()
            told.cancel()
            await asyncio.gather(polling, told, return_exceptions=True)
        await loop.create_future()

    async def _full_sync(self) -> None:
        """Walk once the stream is open, whenever it has opened again, and now and then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._intervals.opening):
                await self._opened.wait()
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
            await self._look_for_another_log()
        full_sync = FullSync(self._client, self._store, lambda: self._heard, self._restraint)
        await full_sync.run()
        if self._was_away:
            self._was_away = False
            self._answers_again.set()
        facts = self._sync_status.facts
        self._sync_status.update(
            seeded=True,
            silent=False,
            full_sync_done=self._polls or (facts.connected and connections == self._connections),
            trouble=None if facts.connected else facts.trouble,
            skipped=tuple(sorted(full_sync.skipped)),
            repeats=full_sync.repeats,
            heard_at=datetime.now(UTC),
        )

    def _full_sync_failed(self, error: MobiusError) -> None:
        self._was_away = self._was_away or isinstance(error, Unreachable)
        self._sync_status.update(trouble=trouble_of(error))
        log.warning("the mirror could not be compared with Mobius: %s", trouble_of(error))

    def _until_next_full_sync(self) -> float:
        return (
            self._intervals.full_sync
            if self._sync_status.facts.connected
            else self._intervals.blind
        )

    async def _look_for_another_log(self) -> None:
        """Raise StartedAnew where upstream's log is shorter than what was heard of it."""
        heard = self._heard
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(self._intervals.probe),
                aclosing(self._client.events()) as events,
            ):
                async for event in events:
                    # 0 is what an upstream stands at that does not say where it stands.
                    if 0 < event.seq < heard:
                        await self._store.forget()
                        raise StartedAnew
                    return

    async def _poll(self) -> None:
        """Read the groups every minute, and when the stream has opened again."""

        async def once() -> None:
            self._poll_now.clear()
            try:
                await groups.poll(self._client, self._store.upstream)
            except Unauthorized:
                await self._suspect_key()
                raise
            self._sync_status.update(heard_at=datetime.now(UTC))

        def failed(error: MobiusError) -> None:
            log.warning("the groups could not be read: %s", trouble_of(error))

        await self._repeat(once, failed, lambda: self._intervals.groups, self._poll_now)

    async def _suspect_key(self) -> None:
        """Walk, and so tell readers, where the key is refused: a stream that is open stays so."""
        try:
            await self._client.interactions(status=InteractionStatus.PENDING, limit=1)
        except Unauthorized:
            self._full_sync_now.set()
        except MobiusError as error:
            log.info("the service key could not be tried: %s", error.message)

    async def _repeat(
        self,
        job: Callable[[], Awaitable[None]],
        failed: Callable[[MobiusError], None],
        pause: Callable[[], float],
        wake: asyncio.Event,
    ) -> None:
        """Do ``job`` again and again; after a failure later each time, and when ``wake`` is set."""
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
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await wake.wait()

    async def _refresh_staleness(self) -> None:
        """Have open pages look again where time alone changes what they say."""
        while True:
            await asyncio.sleep(self._intervals.age)
            self._sync_status.refresh()
