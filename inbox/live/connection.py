"""One open stream: what it follows, how far it has come, and the way to write to it."""

from collections.abc import Awaitable, Callable, Coroutine, Hashable, MutableMapping
from dataclasses import dataclass
from typing import Any

from inbox.live import frames
from inbox.live.log import FellOff, Log
from inbox.live.stepping import step

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]
Own = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a view has allowed.

    ``recheck`` is called again and again, in a thread of its own; False means the right is lost.
    ``cursors`` are the places where the reader says it was: its page's, its last frame's.
    ``sign_in`` says whose stream it is; once that is over, the stream ends.
    """

    topics: tuple[str, ...]
    recheck: Callable[[], bool]
    cursors: tuple[str, ...] = ()
    sign_in: Hashable = None


class Connection:
    """The hub's side of a stream.

    All methods run on the event loop. While the stream is busy a task of its own is writing to
    it; what comes meanwhile is not queued but found in the log, so a slow reader holds no memory.

    Args:
        log: where to look for what was missed while the reader was slow.
        own: runs a coroutine in a task whose end the hub awaits.
        slot: when, in a round over all streams, it is this one's turn.

    Attributes:
        unchecked: the last check of its right failed with an error.
    """

    __slots__ = (
        "_busy",
        "_cursor",
        "_ending",
        "_farewell",
        "_log",
        "_own",
        "_send",
        "slot",
        "subscription",
        "unchecked",
    )

    def __init__(
        self, subscription: Subscription, send: Send, *, log: Log, own: Own, slot: int
    ) -> None:
        self.subscription = subscription
        self.slot = slot
        self.unchecked = False
        self._send = send
        self._log = log
        self._own = own
        self._cursor = 0
        self._busy = True
        self._ending = False
        self._farewell = b""

    def begin(self, data: bytes) -> None:
        """Write the first bytes, made of all that the log holds now, and be written to."""
        self._busy = False
        if self._ending:
            self._finish()
        else:
            self.write(body(data))

    def write(self, message: Message) -> None:
        """Write what brings the reader up to the log's newest entry; a busy stream finds it.

        Args:
            message: of ``body``; connections may share it.
        """
        if self._busy or self._ending:
            return
        self._cursor = self._log.newest
        if (rest := self._step(message)) is not None:
            self._busy = True
            self._own(self._catch_up(rest))

    def end(self, farewell: bytes = b"") -> None:
        """Write ``farewell`` and end the answer; a busy stream does so as soon as it can."""
        if self._ending:
            return
        self._ending, self._farewell = True, farewell
        if not self._busy:
            self._finish()

    def left(self) -> None:
        """The reader is no longer there."""
        self._busy = self._ending = True

    async def _catch_up(self, rest: Awaitable[None] | None) -> None:
        while rest is not None:
            await rest
            rest = None
            while not self._ending and rest is None and (data := self._missed()):
                self._cursor = self._log.newest
                rest = self._step(body(data))
        self._busy = False
        if self._ending:
            self._finish()

    def _missed(self) -> bytes:
        try:
            missed = self._log.after(self.subscription.topics, self._cursor)
        except FellOff:
            return frames.resync(self._log.cursor())
        return b"".join(entry.frame if entry.whole else entry.bell for entry in missed)

    def _finish(self) -> None:
        self._busy = True
        if (rest := self._step(body(self._farewell, more=False))) is not None:
            self._own(_wait(rest))

    def _step(self, message: Message) -> Awaitable[None] | None:
        """Send; what is returned has to be awaited before anything else is sent."""
        try:
            return step(self._send(message))
        except OSError:  # how a server may say that the reader has left; ``receive`` says it too
            self.left()
            return None


def body(data: bytes, *, more: bool = True) -> Message:
    """The ASGI message that carries ``data``."""
    return {"type": "http.response.body", "body": data, "more_body": more}


async def _wait(rest: Awaitable[None]) -> None:
    await rest
