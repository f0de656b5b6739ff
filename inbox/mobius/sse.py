"""Reading event streams, which are resumed after failures."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import httpx
from httpx_sse import EventSource, ServerSentEvent

from inbox.mobius import bounded
from inbox.mobius.adapters import Adapter
from inbox.mobius.bounded import FrameLimit
from inbox.mobius.errors import Ended, MobiusError, Rejected, Silent, TooLarge
from inbox.mobius.transport import Transport
from inbox.mobius.types import Event, EventKind

Broken = Callable[[MobiusError], None]
_SETTLED_SECONDS = 10.0
_ENDED_SECONDS = 1.0
_REMEMBERED_RUNS = 1000
"""How many runs have their own count of events; a repeated event of any other is yielded again."""


class Stream:
    """``cursor`` is the newest ``seq`` that was yielded, at first where to begin, or None."""

    def __init__(
        self,
        transport: Transport,
        adapter: Adapter,
        *,
        run_id: str | None,
        since: int | None,
        on_break: Broken | None,
        cursor_events: bool = False,
    ) -> None:
        self.cursor = since
        self._transport = transport
        self._adapter = adapter
        self._run_id = run_id
        self._on_break = on_break
        timeouts = transport.timeouts
        self._timeout = timeouts.stream if run_id is None else timeouts.run_stream
        self._cursor_events = cursor_events or run_id is None
        self._since_used = True
        self._last_id = ""
        self._unsure: Event | None = None
        self._begun = False
        self._keeps_alive = False
        self._last_received = 0.0
        self._newest: dict[str, int] = {}

    async def events(self) -> AsyncGenerator[Event, None]:
        """A connection that brought a logged event or lasted a while resets the back-off.

        After a frame beyond the limit, the next connection is made without a cursor, since resuming
        would replay that frame.
        """
        loop = asyncio.get_running_loop()
        failures = 0
        too_large = False
        while True:
            opened = loop.time()
            if too_large:
                bounded.release_memory()
            too_large = False
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        if event.logged:
                            failures = 0
                        yield event
            except MobiusError as error:
                if isinstance(error, TooLarge):
                    self.cursor = None
                    too_large = True
                if isinstance(error, Silent):
                    # Its keep-alives may be further apart than our time-out.
                    self._keeps_alive = False
                if self._last_received > opened:
                    error.silence = loop.time() - self._last_received
                settled_after = _ENDED_SECONDS if isinstance(error, Ended) else _SETTLED_SECONDS
                if loop.time() - opened > settled_after:
                    failures = 0
                if isinstance(error, Rejected) and self.cursor is not None and self._since_used:
                    self._since_used = False
                    continue
                failures += 1
                wait = self._transport.backoff.delay(failures, error.retry_after)
                if self._on_break is not None:
                    self._on_break(error)
                await asyncio.sleep(wait)

    async def _connection(self) -> AsyncGenerator[Event, None]:
        """Raises MobiusError when the connection breaks."""
        path = self._adapter.events(self._run_id)
        query, headers = ({}, {}) if self.cursor is None else self._adapter.resume(self.cursor)
        if not self._since_used:
            query = {}
        if self.cursor is not None and self._last_id:
            headers = headers | {"Last-Event-ID": self._last_id}
        async with (
            self._transport.stream(
                path, query=query, headers=headers, timeout=self._timeout
            ) as pieces,
            aclosing(self._frames(pieces)) as frames,
            _Peekable(frames) as ahead,
        ):
            # A project's stream has no seed.
            first = self._run_id is not None
            if not first:
                yield await self._opening(ahead)
            elif self._cursor_events:
                yield Event.cursor_at(self.cursor or 0)
            async for frame in ahead:
                event = self._adapter.read_frame(frame, first=first)
                self._last_id = frame.id or self._last_id
                if event is not None and first:
                    event = self._seed_or_entry(event)
                first = False
                if event is None or self._seen(event) or event.kind is EventKind.CURSOR:
                    continue
                if event.logged and self._unsure is not None:
                    before, self._unsure = self._unsure, None
                    if not self._last_id and before.seq < event.seq:
                        yield before
                if event.logged or self.cursor is None:
                    self._note(event)
                yield event

    async def _frames(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[ServerSentEvent, None]:
        """Raises Silent if nothing arrives for too long, TooLarge for a frame beyond the limit."""
        watched = httpx.Response(
            200, headers={"Content-Type": "text/event-stream"}, content=self._watched(pieces)
        )
        async with aclosing(EventSource(watched).aiter_sse()) as frames:
            async for frame in frames:
                yield frame

    async def _watched(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Comes before httpx-sse, which buffers lines and drops comments."""
        loop = asyncio.get_running_loop()
        limit = FrameLimit(self._transport.limits.frame)
        self._last_received = loop.time()
        while True:
            timeouts = self._transport.timeouts
            timeout = timeouts.keep_alive if self._keeps_alive else self._timeout
            try:
                async with asyncio.timeout(timeout):
                    piece = await anext(pieces)
            except TimeoutError:
                raise Silent(f"Mobius hasn't sent anything for {timeout:g} s.", sent=True) from None
            except StopAsyncIteration:
                raise Ended("Mobius ended the stream.", sent=True) from None
            gap, self._last_received = loop.time() - self._last_received, loop.time()
            comments = limit.comments
            try:
                limit.count(piece)
            except TooLarge:
                yield bounded.complete_frames(piece)
                raise
            if limit.comments > comments and gap <= timeouts.keep_alive:
                self._keeps_alive = True
            yield piece

    async def _opening(self, ahead: "_Peekable") -> Event:
        """The position of a project's stream, from upstream or made up here."""
        frame = await ahead.peek(self._transport.timeouts.opening)
        event = None if frame is None else self._adapter.read_frame(frame, first=False)
        if event is not None and event.kind is EventKind.CURSOR:
            self.cursor = event.seq if self.cursor is None else self.cursor
            return event
        if self.cursor is None and event is not None:
            self.cursor = max(0, event.seq - 1)
        return Event.cursor_at(self.cursor or 0, assumed=True)

    def _seed_or_entry(self, event: Event) -> Event:
        """The first event of a run's connection, logged unless it is the seed.

        Without an id it is the seed, or an entry of a stream that has no ids at all. For the very
        first, the next event shows which: ``_unsure`` is the entry that it may be.
        """
        begun, self._begun = self._begun, True
        if event.logged or not event.seq or self._last_id:
            return event
        entry = event.model_copy(update={"logged": True})
        if not begun or self.cursor is None:
            self._unsure = entry
            return event
        return entry if event.seq > self.cursor else event

    def _seen(self, event: Event) -> bool:
        if self.cursor is None:
            return False
        if not event.logged:
            # A seed that is older than the cursor begins a replay.
            return 0 < event.seq < self.cursor
        if self._run_id is not None or event.seq > self.cursor:
            return event.seq <= self.cursor
        # Some project streams number the events of each run.
        return event.seq <= self._newest.get(event.run_id or "", 0)

    def _note(self, event: Event) -> None:
        self.cursor = max(event.seq, self.cursor or 0)
        if self._run_id is None:
            run_id = event.run_id or ""
            self._newest[run_id] = max(event.seq, self._newest.pop(run_id, 0))
            if len(self._newest) > _REMEMBERED_RUNS:
                del self._newest[next(iter(self._newest))]


class _Peekable:
    def __init__(self, frames: AsyncIterator[ServerSentEvent]) -> None:
        self._frames = frames
        self._next: asyncio.Future[ServerSentEvent] | None = None

    async def __aenter__(self) -> "_Peekable":
        return self

    async def __aexit__(self, *_: object) -> None:
        pending, self._next = self._next, None
        if pending is not None:
            pending.cancel()
            await asyncio.wait({pending})
            if not pending.cancelled():
                pending.exception()

    def __aiter__(self) -> "_Peekable":
        return self

    async def __anext__(self) -> ServerSentEvent:
        if self._next is None:
            return await anext(self._frames)
        pending = self._next
        frame = await asyncio.shield(pending)
        self._next = None
        return frame

    async def peek(self, seconds: float) -> ServerSentEvent | None:
        """None if the next item takes longer than ``seconds``."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._frames))
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        return self._next.result() if done else None
