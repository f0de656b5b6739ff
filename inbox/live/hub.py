"""Every open stream of the process, and the word that reaches them.

All of it runs on the event loop, without a task or a thread to a stream: what changes is said once,
and the same bytes are written to each connection. A connection whose buffer is full gets a task of
its own until it has caught up, so a slow reader makes nobody wait.
"""

import asyncio
import itertools
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Set
from contextvars import Context
from functools import cache
from typing import Any

from inbox.live import frames, topics, worker
from inbox.live.bus import Bus, Changed, get_bus
from inbox.live.connection import Connection, Receive, Send, Subscription, body
from inbox.live.log import SIZE, Entry, FellOff, Log
from inbox.live.painter import Painter, Render
from inbox.live.rights import ended

log = logging.getLogger(__name__)

Ended = Callable[[set[Any]], set[Any]]

SLOTS = 15
GAP = 0.01


class Hub:
    """Serves streams from ``start`` to ``stop``, on one event loop.

    Args:
        bus: says which topics have changed.
        keep_alive: seconds between two keep-alives to a stream.
        recheck: seconds between two questions whether a stream's right still stands.
        size: how many topics the log holds.
        ended: which of these sign-ins are over; called in a thread of its own.
        sign_ins: seconds between two such calls, for the sign-ins of all streams at once.
    """

    def __init__(
        self,
        *,
        bus: Bus,
        keep_alive: float = 15,
        recheck: float = 50,
        size: int = SIZE,
        ended: Ended = lambda sign_ins: set(),
        sign_ins: float = 2,
    ) -> None:
        self._bus = bus
        self._log = Log(size)
        self._painter = Painter(lambda topic: None)
        self._periods = (keep_alive, recheck, sign_ins)
        self._ended_of = ended
        self._connections: dict[Connection, None] = {}
        self._watchers: dict[str, dict[Connection, None]] = {}
        self._slots = itertools.cycle(range(SLOTS))
        self._lock = threading.Lock()
        self._changed: dict[str, frozenset[str]] = {}
        self._say_at = 0.0
        self._unpainted: dict[str, None] = {}
        self._paint = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()

    def cursor(self) -> str:
        """The place that a page carries. From any thread; ask before reading the database."""
        return self._log.cursor()

    @property
    def accepting(self) -> bool:
        """Streams are served now."""
        return self._loop is not None

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._connections)

    def watched_runs(self) -> list[str]:
        """Ids of the runs that open pages show, those that were opened last first."""
        named = map(topics.split, reversed(list(self._watchers)))
        return [run_id for kind, run_id in named if kind == topics.RUN]

    def start(self, render: Render) -> None:
        """Hear the bus and serve, on the running loop.

        Args:
            render: the fragment of a topic that has one, or None; called in a thread of its own.
        """
        self._loop = asyncio.get_running_loop()
        self._painter = Painter(render)
        self._unsubscribe = self._bus.subscribe(self._hear)
        keep_alive, recheck, sign_ins = self._periods
        self._own(self._keep_alive_all(keep_alive))
        self._own(self._recheck_all(recheck))
        self._own(self._end_signed_out(sign_ins))
        self._own(self._paint_all())

    def close(self) -> None:
        """End every stream at once and serve no more. On the loop; again is no harm."""
        with self._lock:
            self._loop = None
        self._unsubscribe()
        for connection in self._connections:
            connection.end()

    async def stop(self) -> None:
        """``close``, and wait for what the hub itself runs."""
        self.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, subscription: Subscription, receive: Receive, send: Send) -> None:
        """Run one stream until its reader leaves, its right is lost or the hub closes.

        Args:
            subscription: what the view has allowed.
            receive, send: the ASGI connection; the head of the answer is sent, no body yet.
        """
        connection = Connection(
            subscription, send, log=self._log, own=self._own, slot=next(self._slots)
        )
        self._enter(connection)
        try:
            await self._begin(connection)
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            connection.left()
            self._leave(connection)

    def _enter(self, connection: Connection) -> None:
        self._connections[connection] = None
        for topic in connection.subscription.topics:
            if topic not in self._watchers:
                self._painter.forget(topic)
            watchers = self._watchers.pop(topic, {})
            watchers[connection] = None
            # At the end again: watched_runs is in the order of use.
            self._watchers[topic] = watchers
        if not self.accepting:
            connection.end()

    def _leave(self, connection: Connection) -> None:
        del self._connections[connection]
        for topic in connection.subscription.topics:
            watchers = self._watchers[topic]
            del watchers[connection]
            if not watchers:
                del self._watchers[topic]
                self._painter.forget(topic)

    async def _begin(self, connection: Connection) -> None:
        """The first bytes: the fragments as they are, what was missed, where the stream stands."""
        watched = connection.subscription.topics
        shown = [one for one in watched if topics.begins_with_fragment(one)]
        for topic in shown:
            await self._painter.ensure(topic)
        parts = [frames.fragment(data) for one in shown if (data := self._painter.held(one))]
        parts += self._missed(connection.subscription)
        parts.append(frames.hello(self._log.cursor()))
        connection.begin(b"".join(parts))

    def _missed(self, subscription: Subscription) -> list[bytes]:
        said = [self._log.number(cursor) for cursor in subscription.cursors]
        if not said:
            return []
        try:
            newest = max(-1 if number is None else number for number in said)
            missed = self._log.after(subscription.topics, newest)
        except FellOff:
            return [frames.resync(self._log.cursor(), len(self))]
        return [entry.bell for entry in missed]

    def _hear(self, changed: Changed) -> None:
        """Called by the bus, in any thread: what comes close together is said together."""
        with self._lock:
            if self._loop is None:
                return
            if not self._changed:
                self._loop.call_soon_threadsafe(self._schedule)
            for topic, named in changed.items():
                self._changed[topic] = self._changed.get(topic, frozenset()) | named

    def _schedule(self) -> None:
        if self._loop is not None:
            self._loop.call_at(self._say_at, self._say)

    def _say(self) -> None:
        if self._loop is None:
            return
        self._say_at = self._loop.time() + GAP
        with self._lock:
            changed, self._changed = self._changed, {}
        unpainted = {one for one in changed if topics.has_fragment(one) and one in self._watchers}
        if unpainted:
            self._unpainted.update(dict.fromkeys(unpainted))
            self._paint.set()
        now = {topic: named for topic, named in changed.items() if topic not in unpainted}
        crowd = self._crowd(now)
        self._deliver([self._entry(topic, now[topic], crowd=crowd) for topic in sorted(now)])

    async def _paint_all(self) -> None:
        while True:
            await self._paint.wait()
            self._paint.clear()
            while self._unpainted:
                topic = next(iter(self._unpainted))
                del self._unpainted[topic]
                data = await self._painter.repaint(topic)
                self._deliver([self._entry(topic, data=data, crowd=self._crowd([topic]))])

    def _crowd(self, changed: Iterable[str]) -> int:
        """How many streams hear of it together."""
        return len({one for topic in changed for one in self._watchers.get(topic, ())})

    def _entry(
        self, topic: str, named: Set[str] = frozenset(), *, data: bytes = b"", crowd: int
    ) -> Entry:
        at = self._log.cursor(self._log.newest + 1)
        frame = frames.bell(topic, at, changed=named, crowd=crowd)
        if data:
            follows = frame if topics.has_bell(topic) else b""
            frame = frames.fragment(data, at) + follows
        return self._log.append(topic, frame=frame, bell=frames.bell(topic, at), whole=bool(data))

    def _deliver(self, entries: list[Entry]) -> None:
        """Write each entry to those who watch its topic; several for one reader in one write."""
        if len(entries) == 1:
            message = body(entries[0].frame)
            for connection in self._watchers.get(entries[0].topic, ()):
                connection.write(message)
            return
        shares: dict[Connection, list[bytes]] = {}
        for entry in entries:
            for connection in self._watchers.get(entry.topic, ()):
                shares.setdefault(connection, []).append(entry.frame)
        for connection, share in shares.items():
            connection.write(body(b"".join(share)))

    async def _keep_alive_all(self, period: float) -> None:
        message = body(frames.KEEP_ALIVE)
        async for slot in _rounds(period):
            for connection in self._connections:
                if connection.slot == slot:
                    connection.write(message)

    async def _recheck_all(self, period: float) -> None:
        async for slot in _rounds(period):
            for connection in [one for one in self._connections if one.slot == slot]:
                await self._recheck(connection)

    async def _recheck(self, connection: Connection) -> None:
        [allowed] = await asyncio.gather(
            worker.checking.run(connection.subscription.recheck), return_exceptions=True
        )
        if isinstance(allowed, BaseException):
            # After a single failure it stays open: it may have to report a short database outage.
            log.error("a stream's right could not be checked", exc_info=allowed)
            if connection.unchecked:
                connection.end()
        elif not allowed:
            connection.end(frames.named(frames.GONE, self._log.cursor()))
        connection.unchecked = isinstance(allowed, BaseException)

    async def _end_signed_out(self, period: float) -> None:
        """End the streams of sign-ins that are over, sooner than their next recheck."""
        while True:
            await asyncio.sleep(period)
            streams = self._connections
            sign_ins = {one.subscription.sign_in for one in streams} - {None}
            if not sign_ins:
                continue
            [over] = await asyncio.gather(
                worker.checking.run(self._ended_of, sign_ins), return_exceptions=True
            )
            if isinstance(over, BaseException):
                log.error("sign-ins could not be checked; they are in a moment", exc_info=over)
                continue
            for connection in [one for one in streams if one.subscription.sign_in in over]:
                connection.end(frames.named(frames.GONE, self._log.cursor()))

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the hub broke", exc_info=error)


async def _rounds(period: float) -> AsyncIterator[int]:
    """Slot after slot without an end, each once a ``period``, so that the load is spread."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for slot in itertools.cycle(range(SLOTS)):
        due = max(due + period / SLOTS, loop.time())
        await asyncio.sleep(due - loop.time())
        yield slot


@cache
def get_hub() -> Hub:
    """The process's one hub."""
    return Hub(bus=get_bus(), ended=ended)


def cursor() -> str:
    """The process's cursor, for a page: see ``Hub.cursor``."""
    return get_hub().cursor()
