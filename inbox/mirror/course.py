"""Following upstream without a gap: the stream, the walks, the groups, side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from inbox.mirror import groups
from inbox.mirror.freshness import Pulse, trouble_of
from inbox.mirror.store import LARGEST, Store
from inbox.mirror.walk import Walk
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import Denied, MobiusError, NotFound, RateLimited, Unauthorized
from inbox.mobius.pace import Backoff
from inbox.mobius.types import Event, EventKind

log = logging.getLogger(__name__)

SILENCE = timedelta(seconds=45)
"""After a longer one a stream counts as broken: so long may it have been dead unnoticed."""


@dataclass(frozen=True)
class Rhythm:
    """In seconds. ``walk`` and ``groups``: from one reading to the next while all goes well.

    ``blind``: between walks while the stream is not open. ``refused``: the least between tries
    after Mobius refused the key. ``opening``: how long the first walk waits for the stream.
    ``age``: how often open pages look again while the mirror grows old. ``behind``: an event that
    waits this long means that the mirror is catching up. ``probe``: how long upstream may take to
    say where its log ends.
    """

    walk: float = 180.0
    groups: float = 60.0
    blind: float = 20.0
    refused: float = 15.0
    opening: float = 5.0
    age: float = 10.0
    behind: float = 2.0
    probe: float = 5.0


class StartedAnew(Exception):
    """Upstream's log ends before what was heard of it: its data is gone, or older than ours."""


class Course:
    """One stretch without a gap, from the cursor of ``store`` on. Serves once."""

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        *,
        pulse: Pulse,
        rhythm: Rhythm,
        backoff: Backoff,
    ) -> None:
        self._client = client
        self._store = store
        self._pulse = pulse
        self._rhythm = rhythm
        self._backoff = backoff
        self._since = store.upstream.cursor
        self._heard = self._since or 0
        self._connections = 0
        self._opened = asyncio.Event()
        self._walk_now = asyncio.Event()
        self._poll_now = asyncio.Event()
        self._frames: asyncio.Queue[tuple[float, Event]] = asyncio.Queue(maxsize=4 * LARGEST)
        pulse.note(
            connected=False,
            walked=False,
            behind=False,
            seeded=store.upstream.seeded_at is not None,
            broken_at=pulse.facts.broken_at or datetime.now(UTC),
            heard_at=store.upstream.heard_at,
        )

    def jobs(self) -> list[Coroutine[Any, Any, None]]:
        """What runs side by side; each endless, and the first failure ends the course."""
        return [self._follow(), self._write(), self._walk(), self._poll(), self._grow_old()]

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
        self._pulse.note(
            connected=True, walked=False, broken_at=None, trouble="", heard_at=datetime.now(UTC)
        )
        self._opened.set()
        self._walk_now.set()
        self._poll_now.set()

    def _broken(self, error: MobiusError) -> None:
        now = datetime.now(UTC)
        facts = self._pulse.facts
        heard_at = facts.heard_at
        if facts.connected:
            heard_at = max(heard_at or now - SILENCE, now - SILENCE)
        trouble = trouble_of(error)
        self._pulse.note(
            connected=False, broken_at=facts.broken_at or now, heard_at=heard_at, trouble=trouble
        )
        log.warning("the event stream is not open: %s", trouble)

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
            cursor = max(before, newest)
            lag = monotonic() - frames[0][0]
            behind = lag > self._rhythm.behind and not self._frames.empty()
            self._pulse.note(lag=lag, behind=behind, heard_at=datetime.now(UTC))

    async def _walk(self) -> None:
        """Walk once the stream is open, whenever it has opened again, and now and then."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._opened.wait(), self._rhythm.opening)
        await self._repeat(
            self._walk_once, self._walk_failed, self._until_next_walk, self._walk_now
        )

    async def _walk_once(self) -> None:
        self._walk_now.clear()
        connections = self._connections
        await self._look_for_another_log()
        await Walk(self._client, self._store, lambda: self._heard).run()
        facts = self._pulse.facts
        self._pulse.note(
            seeded=True,
            walked=facts.connected and connections == self._connections,
            trouble="" if facts.connected else facts.trouble,
            heard_at=datetime.now(UTC),
        )

    def _walk_failed(self, error: MobiusError) -> None:
        trouble = trouble_of(error)
        self._pulse.note(trouble=trouble)
        log.warning("the mirror could not be compared with Mobius: %s", trouble)

    def _until_next_walk(self) -> float:
        return self._rhythm.walk if self._pulse.facts.connected else self._rhythm.blind

    async def _look_for_another_log(self) -> None:
        """Raise StartedAnew where upstream's log is shorter than what was heard of it."""
        heard = self._heard
        with suppress(TimeoutError):
            async with (
                asyncio.timeout(self._rhythm.probe),
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
            await groups.poll(self._client, self._store.upstream)
            self._pulse.note(heard_at=datetime.now(UTC))

        def failed(error: MobiusError) -> None:
            log.warning("the groups could not be read: %s", trouble_of(error))

        await self._repeat(once, failed, lambda: self._rhythm.groups, self._poll_now)

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
                    wait = max(wait, self._rhythm.refused)
                if isinstance(error, RateLimited):
                    await asyncio.sleep(wait)
                    continue
            else:
                failures = 0
                wait = pause()
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), wait)

    async def _grow_old(self) -> None:
        """Have open pages look again where time alone changes what they say."""
        shown = self._pulse.present().state
        rung = monotonic()
        while True:
            await asyncio.sleep(min(1.0, self._rhythm.age))
            state = self._pulse.present().state
            old = state in ("stale", "never") and monotonic() - rung >= self._rhythm.age
            if state != shown or old:
                shown, rung = state, monotonic()
                self._pulse.ring()
