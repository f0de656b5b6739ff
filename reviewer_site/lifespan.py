"""Background tasks: started when the server starts, ended before it ends."""

import asyncio
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import Context
from types import FrameType
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from inbox.mirror import database, lease
from inbox.services.installation import StartRefused

log = logging.getLogger(__name__)

AGAIN_AFTER = 5.0
SWITCH_INTERVAL = 0.0005
"""Seconds for which a busy thread may keep the interpreter from the event loop. A page under ASGI
changes threads some twenty times, and would wait for Python's own 5 ms each time.
"""
FULL_COLLECTION = 100
"""How many collections of younger objects come before one of all objects, by default 10. With 2,000
streams a full one stops every thread for 0.1 s, and finds little.
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT)

BackgroundTask = Callable[[], Coroutine[Any, Any, None]]


async def keep_running(
    name: str, task: BackgroundTask, *, again_after: float = AGAIN_AFTER
) -> None:
    """Run ``task``, which never returns; log its failures and restart it.

    Args:
        name: its name in the log.
        again_after: seconds between a failure and the restart.
    """
    while True:
        # Unlike an except clause, this tells a CancelledError raised by the task from our own.
        [error] = await asyncio.gather(task(), return_exceptions=True)
        if lease.is_lost(error):
            # The new leader runs the task itself.
            log.warning("%s ended, since another process leads", name)
            lease.sync_lease.lost = True
            await asyncio.Event().wait()
        database.watch.check_after(error)
        log.error("%s stopped and will start again in %g s", name, again_after, exc_info=error)
        await sync_to_async(close_old_connections)()
        await asyncio.sleep(again_after)


@asynccontextmanager
async def running(
    tasks: Mapping[str, BackgroundTask], *, new_context: Callable[[], Context] = Context
) -> AsyncIterator[None]:
    """Keep ``tasks`` running inside the context, and await their end when it is left.

    Each has a new ``contextvars`` context, so that none inherits the caller's executor.
    """
    loop = asyncio.get_running_loop()
    started = [
        loop.create_task(keep_running(name, task), name=name, context=new_context())
        for name, task in tasks.items()
    ]
    try:
        yield
    finally:
        for task in started:
            task.cancel()
        await asyncio.gather(*started, return_exceptions=True)


class Lifespan:
    """ASGI middleware for the lifespan protocol and web sockets, which Django does not support.

    Args:
        application: serves everything else.
        background: a context that is entered at the start and left at the end.
        at_signal: called on the loop when the process gets a signal to end. The server tells the
            application only after the last connection has closed, which streams don't do by
            themselves.
    """

    def __init__(
        self,
        application: Any,
        *,
        background: Callable[[], AbstractAsyncContextManager[None]],
        at_signal: Callable[[], None],
    ) -> None:
        self._application = application
        self._background = background
        self._at_signal = at_signal

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
            return
        if scope["type"] != "lifespan":
            await self._application(scope, receive, send)
            return
        await receive()
        sys.setswitchinterval(SWITCH_INTERVAL)
        unhook = _hook_signals(self._at_signal)
        try:
            async with self._background():
                # Objects from the start stay alive, so garbage collections can skip them.
                gc.collect()
                gc.freeze()
                gc.set_threshold(*gc.get_threshold()[:2], FULL_COLLECTION)
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except StartRefused as refused:
            await send({"type": "lifespan.startup.failed", "message": str(refused)})
            return
        finally:
            unhook()
        await send({"type": "lifespan.shutdown.complete"})


def _hook_signals(then: Callable[[], None]) -> Callable[[], None]:
    """Call ``then`` on the loop before the server's own handler. Returns how to undo that."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    undo = [unhook for number in SIGNALS if (unhook := _hook(number, loop, then)) is not None]

    def unhook_all() -> None:
        for unhook in undo:
            unhook()

    return unhook_all


def _hook(
    number: signal.Signals, loop: asyncio.AbstractEventLoop, then: Callable[[], None]
) -> Callable[[], None] | None:
    before = signal.getsignal(number)
    if not callable(before):
        return None

    def handler(received: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(then)
        before(received, frame)

    def unhook() -> None:
        if signal.getsignal(number) is handler:
            signal.signal(number, before)

    signal.signal(number, handler)
    return unhook
