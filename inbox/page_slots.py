"""How many pages are computed at once.

Python runs one thread at a time. A hundred pages computed side by side take as long as one after
the other, and all of them arrive at the end; meanwhile each keeps a thread and its memory. So the
event loop lets ``SLOTS`` requests into Django at a time and the others wait in line, without a
thread.

A request has a slot only while Django code works on it: not while its body is still arriving (see
``request_body``), not while its view waits for Mobius (see ``waiting``), not while the response is
being sent. Streams (``/live/``), static files and probes take no slot. What open pages fetch by
themselves because something changed (``BACKGROUND``) lets the pages that people ask for go first,
mostly.

Django would start a thread for each request, and end it after. ``Threads`` keeps a few instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

from asgiref.sync import ThreadSensitiveContext

from inbox.request_body import Message, Receive, Send

SLOTS = 2
"""One would be as fast; the second keeps a slow page from holding up all others."""
PROBES = ("/healthz", "/readyz")
BACKGROUND = ("/inbox/changes/", "/notifications/bell/", "/freshness/")
SHARE = 4
"""While both wait, every so many-th slot goes to a request in the background."""


class Slots:
    """A number of slots, and the lines of those who wait for one. For one event loop."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._line: deque[asyncio.Future[None]] = deque()
        self._background: deque[asyncio.Future[None]] = deque()
        self._admitted = 0

    async def enter(self, *, background: bool = False) -> None:
        """Wait for a slot, behind those of the same line who came earlier."""
        if self._free > 0:
            self._free -= 1
            return
        line = self._background if background else self._line
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # ``leave`` may have passed over it already
                    line.remove(turn)
            else:
                self.leave()
            raise

    def resume(self) -> None:
        """Take a slot at once, even where none is free.

        Who has entered before and let go of it meanwhile never waits in line again. So a request
        that holds a lock cannot wait for those who wait for that lock.
        """
        self._free -= 1

    def leave(self) -> None:
        """Give a slot back; the next in line gets it."""
        self._free += 1
        while self._free > 0 and (line := self._next_line()):
            turn = line.popleft()
            if not turn.done():
                self._free -= 1
                self._admitted += 1
                turn.set_result(None)

    def _next_line(self) -> deque[asyncio.Future[None]]:
        turn_of_background = self._admitted % SHARE == SHARE - 1
        if self._background and (turn_of_background or not self._line):
            return self._background
        return self._line


class Threads:
    """Threads that run requests, one at a time each. Up to ``kept`` idle ones stay for the next."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._idle: list[Executor] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Run the synchronous code of a request on a thread of its own."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "page")
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            if len(self._idle) < self._kept:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)


class _Visit:
    """One request's slot: taken, let go while the view waits, and given back once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._waits = 0
        self._over = False

    def pause(self) -> None:
        self._waits += 1
        if self._waits == 1 and not self._over:
            self._slots.leave()

    def go_on(self) -> None:
        self._waits -= 1
        if self._waits == 0 and not self._over:
            self._slots.resume()

    def end(self) -> None:
        if not self._over:
            self._over = True
            if self._waits == 0:
                self._slots.leave()


_visit: ContextVar[_Visit | None] = ContextVar("page_slot", default=None)


@asynccontextmanager
async def waiting() -> AsyncIterator[None]:
    """Let others compute while this request waits for Mobius, or for a lock.

    Outside a request it does nothing.
    """
    visit = _visit.get()
    if visit is None:
        yield
        return
    visit.pause()
    try:
        yield
    finally:
        visit.go_on()


@asynccontextmanager
async def locked(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Hold ``lock``; ``waiting`` until it is free."""
    async with waiting():
        await lock.acquire()
    try:
        yield
    finally:
        lock.release()


class PageSlots:
    """The ASGI wrapper around Django."""

    def __init__(self, application: Callable[..., Awaitable[None]], slots: int = SLOTS) -> None:
        self._application = application
        self._slots = Slots(slots)
        self._threads = Threads(kept=2 * slots)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].endswith(PROBES):
            await self._application(scope, receive, send)
            return
        await self._slots.enter(background=scope["path"].endswith(BACKGROUND))
        visit = _Visit(self._slots)
        _visit.set(visit)

        async def sending(message: Message) -> None:
            visit.end()
            await send(message)

        try:
            async with self._threads.one():
                await self._application(scope, receive, sending)
        finally:
            visit.end()
