import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Hashable, MutableMapping
from dataclasses import dataclass
from types import coroutine
from typing import Any

from inbox.live import frames
from inbox.live.log import CursorTooOld, Log

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Spawn = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """``cursors`` are the positions that the reader sent: its page's and its last frame's."""

    topics: tuple[str, ...]
    right: Hashable
    cursors: tuple[str, ...] = ()


class Connection:
    """All methods run on the event loop. A busy stream queues nothing: it reads the log again
    later. ``spawn`` runs a coroutine in a task that the hub awaits when it stops; ``slot`` is its
    part of each round over all streams.
    """

    __slots__ = (
        "_busy",
        "_cursor",
        "_ending",
        "_last_frame",
        "_log",
        "_send",
        "_spawn",
        "slot",
        "subscription",
        "unchecked",
    )

    def __init__(
        self, subscription: Subscription, send: Send, *, log: Log, spawn: Spawn, slot: int
    ) -> None:
        self.subscription = subscription
        self.slot = slot
        self.unchecked = False
        self._send = send
        self._log = log
        self._spawn = spawn
        self._cursor = 0
        self._busy = True
        self._ending = False
        self._last_frame = b""

    def start(self, data: bytes) -> None:
        self._busy = False
        if self._ending:
            self._finish()
        else:
            self.write(body(data))

    def write(self, message: Message) -> None:
        """A busy stream ignores the message and reads the log later."""
        if self._busy or self._ending:
            return
        self._cursor = self._log.newest
        if (rest := self._write(message)) is not None:
            self._busy = True
            self._spawn(self._catch_up(rest))

    def end(self, last_frame: bytes = b"") -> None:
        """A busy stream ends as soon as it can."""
        if self._ending:
            return
        self._ending, self._last_frame = True, last_frame
        if not self._busy:
            self._finish()

    def disconnected(self) -> None:
        self._busy = self._ending = True

    async def _catch_up(self, rest: Awaitable[None] | None) -> None:
        while rest is not None:
            await rest
            rest = None
            while not self._ending and rest is None and (data := self._missed()):
                self._cursor = self._log.newest
                rest = self._write(body(data))
        self._busy = False
        if self._ending:
            self._finish()

    def _missed(self) -> bytes:
        try:
            missed = self._log.after(self.subscription.topics, self._cursor)
        except CursorTooOld:
            return frames.resync(self._log.cursor())
        return b"".join(entry.frame if entry.complete else entry.invalidation for entry in missed)

    def _finish(self) -> None:
        self._busy = True
        if (rest := self._write(body(self._last_frame, more=False))) is not None:
            self._spawn(_wait(rest))

    def _write(self, message: Message) -> Awaitable[None] | None:
        try:
            return start_eagerly(self._send(message))
        except OSError:  # some servers raise it once the reader has disconnected
            self.disconnected()
            return None


def body(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _wait(rest: Awaitable[None]) -> None:
    await rest


def start_eagerly(coroutine_: Coroutine[Any, Any, None]) -> Awaitable[None] | None:
    """Run it without a task until it waits; return what is left to await. uvicorn's ``send`` rarely
    suspends, and a task would cost a trip through the event loop.
    """
    try:
        first = coroutine_.send(None)
    except StopIteration:
        return None
    return _remainder(coroutine_, first)


@coroutine
def _remainder(coroutine_: Coroutine[Any, Any, None], first: Any) -> Generator[Any, Any, None]:
    try:
        yield first
    except asyncio.CancelledError:
        coroutine_.close()
        raise
    yield from coroutine_.__await__()
