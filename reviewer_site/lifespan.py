import asyncio
import gc
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Any

from inbox.lib.startup import StartRefused

SWITCH_INTERVAL = 0.0005
"""Seconds for which a busy thread may keep the interpreter from the event loop. A page under ASGI
changes threads some twenty times, and would wait for Python's own 5 ms each time.
"""
FULL_COLLECTION = 100
"""How many collections of younger objects come before one of all objects, by default 10. With 2,000
streams a full one stops every thread for 0.1 s, and finds little.
"""
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Lifespan:
    """The lifespan protocol, which Django does not support. ``background`` is a context;
    ``at_signal`` runs on the loop at once, since the server would wait for streams.
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
    """Call ``then`` before the server's own handler. Return how to undo that."""
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
