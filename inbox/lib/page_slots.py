"""Limits how many pages are computed at once.

Python runs one thread at a time. A hundred pages computed concurrently take as long as one after
the other, but all of them finish at the end, and each occupies a thread and its memory. So the
event loop admits ``SLOTS`` requests to Django at a time; the others wait without a thread.

A request has a slot only while Django code runs: not while its body is arriving (``request_body``),
not while its view waits for Mobius (``release_slot``), not while the response is sent. Static files
and probes need no slot. What open pages fetch by themselves (``BACKGROUND``) is admitted one
request at a time, so that people have the other slot. Streams (``/live/``) need none either, and
wait a little while one is taken (``live.handoff``).

Django would start and end a thread for each request. ``Threads`` keeps a few instead.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any

from asgiref.sync import ThreadSensitiveContext

from inbox.lib.call_stack import OneChunkExecutor
from inbox.lib.metrics import waiting_in
from inbox.lib.request_body import Message, Receive, Send

SLOTS = 2
"""One would be as fast; the second keeps a slow page from blocking all others."""
PROBES = ("/healthz", "/readyz", "/metrics")
BACKGROUND = (
    "/inbox/changes/",
    "/notifications/counts/",
    "/held/",
    "/freshness/",
    "/inbox/counts/",
)


class Slots:
    """For one event loop."""

    def __init__(self, number: int) -> None:
        self.number = self._free = number
        self._queue: deque[asyncio.Future[None]] = deque()
        self._unused = asyncio.Event()
        self._unused.set()

    async def enter(self) -> None:
        if self._free > 0:
            self._take()
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            with waiting_in("pages"):
                await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                with suppress(ValueError):  # ``leave`` may have passed over it already
                    self._queue.remove(turn)
            else:
                self.leave()
            raise

    def resume(self) -> None:
        """Take a slot even if none is free: a request that holds a lock must not queue behind
        others that wait for it.
        """
        self._take()

    def leave(self) -> None:
        self._free += 1
        while self._free > 0 and self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                self._take()
                turn.set_result(None)
        if self._free == self.number:
            self._unused.set()

    async def until_unused(self, longest: float) -> None:
        """Wait for at most ``longest`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._unused.wait()

    def _take(self) -> None:
        self._free -= 1
        self._unused.clear()


class Threads:
    """Up to ``max_idle`` threads are kept; Django would start one for each request."""

    def __init__(self, max_idle: int) -> None:
        self._max_idle = max_idle
        self._idle: list[Executor] = []

    @asynccontextmanager
    async def thread(self) -> AsyncIterator[None]:
        thread = self._idle.pop() if self._idle else OneChunkExecutor(1, "page")
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            if len(self._idle) < self._max_idle:
                self._idle.append(thread)
            else:
                thread.shutdown(wait=False)


class _Slot:
    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._waits = 0
        self._ended = False

    def pause(self) -> None:
        self._waits += 1
        if self._waits == 1 and not self._ended:
            self._slots.leave()

    def resume(self) -> None:
        self._waits -= 1
        if self._waits == 0 and not self._ended:
            self._slots.resume()

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            if self._waits == 0:
                self._slots.leave()


_slot: ContextVar[_Slot | None] = ContextVar("page_slot", default=None)


@asynccontextmanager
async def release_slot() -> AsyncIterator[None]:
    """Give the slot back while this request waits for Mobius, a mail server or a lock."""
    slot = _slot.get()
    if slot is None:
        yield
        return
    slot.pause()
    try:
        yield
    finally:
        slot.resume()


@asynccontextmanager
async def locked(lock: asyncio.Lock) -> AsyncIterator[None]:
    """Release the slot while waiting for ``lock``."""
    async with release_slot():
        await lock.acquire()
    try:
        yield
    finally:
        lock.release()


class PageSlots:
    def __init__(self, application: Callable[..., Awaitable[None]], slots: Slots) -> None:
        self._application = application
        self._slots = slots
        self._background = asyncio.Lock()
        self._threads = Threads(max_idle=2 * slots.number)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].endswith(PROBES):
            await self._application(scope, receive, send)
            return
        async with AsyncExitStack() as admission:
            if scope["path"].endswith(BACKGROUND):
                with waiting_in("background"):
                    await admission.enter_async_context(self._background)
            await self._slots.enter()
            slot = _Slot(self._slots)
            admission.callback(slot.end)
            _slot.set(slot)

            async def sending(message: Message) -> None:
                await admission.aclose()
                await send(message)

            async with self._threads.thread():
                await self._application(scope, receive, sending)
