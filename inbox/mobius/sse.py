"""The event stream: read, resumed, never ended by a failure."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

import httpx_sse

from inbox.mobius import body
from inbox.mobius.adapters import guide
from inbox.mobius.errors import MobiusError
from inbox.mobius.transport import Transport
from inbox.mobius.types import Event, EventKind

Broken = Callable[[MobiusError], None]
_SETTLED_SECONDS = 10.0
_LONGEST_SEQ = 18


class Stream:
    """One reader of one stream: the whole project's, or one run's.

    ``cursor`` is the newest ``seq`` that was yielded, or where the reader was told to begin; None
    where neither is known.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        run_id: str | None,
        since: int | None,
        path: str,
        on_break: Broken | None,
    ) -> None:
        self.cursor = since
        self._transport = transport
        self._run_id = run_id
        self._path = path
        self._on_break = on_break

    async def events(self) -> AsyncGenerator[Event, None]:
        """Endless. Each broken connection is told to ``on_break``, then made again after a wait.

        A stream that brought a logged event, or lived for a while, was good: waiting starts anew.
        """
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            opened = loop.time()
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        if event.logged:
                            failures = 0
                        yield event
            except MobiusError as error:
                if loop.time() - opened > _SETTLED_SECONDS:
                    failures = 0
                failures += 1
                wait = self._transport.backoff.delay(failures, error.retry_after)
                if self._on_break is not None:
                    self._on_break(error)
                await asyncio.sleep(wait)

    async def _connection(self) -> AsyncGenerator[Event, None]:
        """One connection, until it breaks (raises MobiusError)."""
        query, headers = {}, {}
        if self.cursor is not None:
            query["since"] = str(self.cursor)
            headers["Last-Event-ID"] = str(self.cursor)
        async with (
            self._transport.stream(self._path, query=query, headers=headers) as frames,
            _Ahead(frames) as ahead,
        ):
            if self._run_id is None:
                yield await self._opening(ahead)
            async for frame in ahead:
                event = _read(frame)
                if event is None or self._seen(event):
                    continue
                if event.kind is not EventKind.CURSOR:
                    self.cursor = max(event.seq, self.cursor or 0)
                    yield event

    async def _opening(self, ahead: "_Ahead") -> Event:
        """Where a project's stream stands, said by upstream or, where it does not say, by us."""
        frame = await ahead.peek(self._transport.timeouts.opening)
        told = None if frame is None else _read(frame)
        if told is not None and told.kind is EventKind.CURSOR:
            self.cursor = told.seq if self.cursor is None else self.cursor
            return told
        if self.cursor is None and told is not None:
            self.cursor = max(0, told.seq - 1)
        return guide.read_cursor(self.cursor or 0)

    def _seen(self, event: Event) -> bool:
        return event.logged and self.cursor is not None and event.seq <= self.cursor


class _Ahead:
    """An async iterator whose next item can be waited for without losing it."""

    def __init__(self, frames: AsyncIterator[httpx_sse.ServerSentEvent]) -> None:
        self._frames = frames
        self._next: asyncio.Future[httpx_sse.ServerSentEvent] | None = None

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

    async def __anext__(self) -> httpx_sse.ServerSentEvent:
        if self._next is None:
            return await anext(self._frames)
        pending = self._next
        frame = await asyncio.shield(pending)
        self._next = None
        return frame

    async def peek(self, seconds: float) -> httpx_sse.ServerSentEvent | None:
        """The next item, which stays next; None where it takes longer than ``seconds``."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._frames))
        done, _ = await asyncio.wait({self._next}, timeout=seconds)
        return self._next.result() if done else None


def _read(frame: httpx_sse.ServerSentEvent) -> Event | None:
    """What a frame tells; None for one that tells nothing."""
    numbered = frame.id.isascii() and frame.id.isdigit() and len(frame.id) <= _LONGEST_SEQ
    seq = int(frame.id) if numbered else None
    if not frame.data:
        return None if seq is None else guide.read_cursor(seq)
    try:
        payload = body.loads(frame.data)
    except ValueError:
        payload = None
    # A run's seed comes without an id: httpx-sse then repeats the last one, or has none.
    logged = seq is not None and (not isinstance(payload, dict) or payload.get("seq", seq) == seq)
    return guide.read_event(payload, type=frame.event, seq=seq or 0, logged=logged)
