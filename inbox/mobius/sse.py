"""The event stream: read, resumed, never ended by a failure."""

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


class Stream:
    """One reader of one stream: the whole project's, or one run's.

    ``cursor`` is the newest ``seq`` that was yielded, or where the reader was told to begin; None
    where neither is known.
    """

    def __init__(
        self,
        transport: Transport,
        adapter: Adapter,
        *,
        run_id: str | None,
        since: int | None,
        on_break: Broken | None,
        marks: bool = False,
    ) -> None:
        self.cursor = since
        self._transport = transport
        self._adapter = adapter
        self._run_id = run_id
        self._path = adapter.events(run_id)
        self._on_break = on_break
        timeouts = transport.timeouts
        self._patience = timeouts.stream if run_id is None else timeouts.run_stream
        self._marks = marks or run_id is None
        self._since_used = True
        self._last_id = ""
        self._unsure: Event | None = None
        self._begun = False
        self._keeps_alive = False
        self._heard = 0.0

    async def events(self) -> AsyncGenerator[Event, None]:
        """Endless. Each broken connection is told to ``on_break``, then made again after a wait.

        A stream that brought a logged event, or lived for a while, was good: waiting starts anew.
        After a frame beyond the limit the next connection is made without a cursor: what came
        between is not replayed, for the frame would be.
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
                    # Until the next one: its keep-alives may be further apart than our patience.
                    self._keeps_alive = False
                if self._heard > opened:
                    error.silence = loop.time() - self._heard
                enough = _ENDED_SECONDS if isinstance(error, Ended) else _SETTLED_SECONDS
                if loop.time() - opened > enough:
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
        """One connection, until it breaks (raises MobiusError)."""
        query, headers = ({}, {}) if self.cursor is None else self._adapter.resume(self.cursor)
        if not self._since_used:
            query = {}
        if self.cursor is not None and self._last_id:
            headers = headers | {"Last-Event-ID": self._last_id}
        async with (
            self._transport.stream(
                self._path, query=query, headers=headers, patience=self._patience
            ) as pieces,
            aclosing(self._frames(pieces)) as frames,
            _Ahead(frames) as ahead,
        ):
            # A project's stream has no seed.
            first = self._run_id is not None
            if not first:
                yield await self._opening(ahead)
            elif self._marks:
                yield Event.standing_at(self.cursor or 0)
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
                    self.cursor = max(event.seq, self.cursor or 0)
                yield event

    async def _frames(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[ServerSentEvent, None]:
        """Raises Silent where nothing comes for too long, TooLarge for a frame beyond the limit."""
        watched = httpx.Response(
            200, headers={"Content-Type": "text/event-stream"}, content=self._watched(pieces)
        )
        async with aclosing(EventSource(watched).aiter_sse()) as frames:
            async for frame in frames:
                yield frame

    async def _watched(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces as they come. httpx-sse keeps a line until its end, and drops comments: so a
        frame is measured and a keep-alive noticed before it decodes them.
        """
        loop = asyncio.get_running_loop()
        limit = FrameLimit(self._transport.limits.frame)
        self._heard = loop.time()
        while True:
            timeouts = self._transport.timeouts
            patience = timeouts.keep_alive if self._keeps_alive else self._patience
            try:
                async with asyncio.timeout(patience):
                    piece = await anext(pieces)
            except TimeoutError:
                raise Silent(f"Mobius has sent nothing for {patience:g} s.", sent=True) from None
            except StopAsyncIteration:
                raise Ended("Mobius ended the stream.", sent=True) from None
            gap, self._heard = loop.time() - self._heard, loop.time()
            comments = limit.comments
            try:
                limit.count(piece)
            except TooLarge:
                yield bounded.whole_frames(piece)
                raise
            if limit.comments > comments and gap <= timeouts.keep_alive:
                self._keeps_alive = True
            yield piece

    async def _opening(self, ahead: "_Ahead") -> Event:
        """Where a project's stream stands, said by upstream or, where it does not say, by us."""
        frame = await ahead.peek(self._transport.timeouts.opening)
        told = None if frame is None else self._adapter.read_frame(frame, first=False)
        if told is not None and told.kind is EventKind.CURSOR:
            self.cursor = told.seq if self.cursor is None else self.cursor
            return told
        if self.cursor is None and told is not None:
            self.cursor = max(0, told.seq - 1)
        return Event.standing_at(self.cursor or 0)

    def _seed_or_entry(self, event: Event) -> Event:
        """The first event of a run's connection, logged where it is no seed.

        One without an id is the run as it is, or an entry of a stream that has no ids at all. Of
        the very first the next one tells which: ``_unsure`` is the entry that it may be.
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
        # A seed that is older than what was read is the beginning of a replay.
        return event.seq <= self.cursor if event.logged else 0 < event.seq < self.cursor


class _Ahead:
    """An async iterator whose next item can be waited for without losing it."""

    def __init__(self, frames: AsyncIterator[ServerSentEvent]) -> None:
        self._frames = frames
        self._next: asyncio.Future[ServerSentEvent] | None = None

    async def __aenter__(self) -> "_Ahead":
        return self

    async def __aexit__(self, *_: object) -> None:
        pending, self._next = self._next, None
        if pending is not None:
            pending.cancel()
            await asyncio.wait({pending})
            if not pending.cancelled():
                pending.exception()

    def __aiter__(self) -> "_Ahead":
        return self

    async def __anext__(self) -> ServerSentEvent:
        if self._next is None:
            return await anext(self._frames)
        pending = self._next
        frame = await asyncio.shield(pending)
        self._next = None
        return frame

    async def peek(self, seconds: float) -> ServerSentEvent | None:
        """The next item, which stays next; None where it takes longer than ``seconds``."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._frames))
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        return self._next.result() if done else None
