"""Every open stream of the process, on one event loop without a task per stream: a change is
encoded once for all. A connection whose buffer is full gets its own task until it has caught up, so
a slow reader delays no other.
"""

import asyncio
import itertools
import logging
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence, Set
from contextvars import Context
from functools import cache
from typing import Any

from inbox.lib.metrics import OPEN_STREAMS
from inbox.live import frames, topics, worker
from inbox.live.bus import Changed, MemoryBus, add_changes, get_bus
from inbox.live.connection import Connection, Receive, Send, Subscription, body
from inbox.live.fragments import FragmentCache, Render
from inbox.live.log import SIZE, CursorTooOld, Entry, Log
from inbox.live.rights import lost_rights, lost_sign_ins

log = logging.getLogger(__name__)

Lost = Callable[[set[Any]], Set[Any]]
"""Which of the given rights are lost."""

SLOTS = 15
BATCH_INTERVAL = 0.01
CHECKED_TOGETHER = 16
"""Streams whose access is checked together. Larger groups delay the frames sent meanwhile."""


class Hub:
    """Periods are seconds. ``lost_rights`` is called in a thread for some of the streams at a time,
    ``lost_sign_ins`` for all.
    """

    def __init__(
        self,
        *,
        bus: MemoryBus,
        keep_alive: float = 15,
        recheck: float = 50,
        size: int = SIZE,
        lost_rights: Lost = lambda rights: set(),
        lost_sign_ins: Lost = lambda rights: set(),
        sign_ins: float = 2,
    ) -> None:
        self._bus = bus
        self._log = Log(size)
        self._fragments = FragmentCache(lambda topic: None)
        self._periods = (keep_alive, recheck, sign_ins)
        self._lost_rights = lost_rights
        self._lost_sign_ins = lost_sign_ins
        self._connections: dict[Connection, None] = {}
        self._watchers: dict[str, dict[Connection, None]] = {}
        self._watched_runs: dict[str, None] = {}
        self._slots = itertools.cycle(range(SLOTS))
        self._lock = threading.Lock()
        self._changed: dict[str, frozenset[str]] = {}
        self._next_delivery = 0.0
        self._to_render: dict[str, None] = {}
        self._render_requested = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._tasks: set[asyncio.Task[None]] = set()

    def cursor(self) -> str:
        """Any thread may call it. Call it before reading the database."""
        return self._log.cursor()

    @property
    def accepting(self) -> bool:
        return self._loop is not None

    def __len__(self) -> int:
        return len(self._connections)

    def watched_runs(self) -> list[str]:
        """Most recently opened first."""
        return list(self._watched_runs)[::-1]

    def start(self, render: Render) -> None:
        """``render`` returns a topic's HTML or None; it is called in a thread."""
        self._loop = asyncio.get_running_loop()
        self._fragments = FragmentCache(render)
        self._unsubscribe = self._bus.subscribe(self._on_changed)
        keep_alive, recheck, sign_ins = self._periods
        self._spawn(self._keep_alive_all(keep_alive))
        self._spawn(self._recheck_all(recheck))
        self._spawn(self._end_signed_out(sign_ins))
        self._spawn(self._render_all())

    def close(self) -> None:
        """Call it on the loop. Safe to repeat."""
        with self._lock:
            self._loop = None
        self._unsubscribe()
        for connection in self._connections:
            connection.end()

    async def stop(self) -> None:
        self.close()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def serve(self, subscription: Subscription, receive: Receive, send: Send) -> None:
        """Run one stream until its reader leaves, its right is lost or the hub closes. The response
        has started, without a body yet.
        """
        connection = Connection(
            subscription, send, log=self._log, spawn=self._spawn, slot=next(self._slots)
        )
        self._enter(connection)
        try:
            await self._begin(connection)
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            connection.disconnected()
            self._leave(connection)

    def _enter(self, connection: Connection) -> None:
        self._connections[connection] = None
        OPEN_STREAMS.inc()
        for topic in connection.subscription.topics:
            if topic not in self._watchers:
                self._fragments.forget(topic)
            self._watchers.setdefault(topic, {})[connection] = None
            kind, identifier = topics.split(topic)
            if kind == topics.RUN:
                self._watched_runs.pop(identifier, None)
                self._watched_runs[identifier] = None  # last: opened most recently
        if not self.accepting:
            connection.end()

    def _leave(self, connection: Connection) -> None:
        del self._connections[connection]
        OPEN_STREAMS.dec()
        for topic in connection.subscription.topics:
            watchers = self._watchers[topic]
            del watchers[connection]
            if not watchers:
                del self._watchers[topic]
                self._fragments.forget(topic)
                kind, identifier = topics.split(topic)
                if kind == topics.RUN:
                    del self._watched_runs[identifier]

    async def _begin(self, connection: Connection) -> None:
        watched = connection.subscription.topics
        initial = [topic for topic in watched if topics.begins_with_fragment(topic)]
        for topic in initial:
            await self._fragments.ensure(topic)
        parts = [frames.fragment(data) for topic in initial if (data := self._fragments.get(topic))]
        parts += self._missed(connection.subscription)
        parts.append(frames.hello(self._log.cursor()))
        connection.start(b"".join(parts))

    def _missed(self, subscription: Subscription) -> list[bytes]:
        numbers = [self._log.number(cursor) for cursor in subscription.cursors]
        if not numbers:
            return []
        try:
            newest = max(-1 if number is None else number for number in numbers)
            missed = self._log.after(subscription.topics, newest)
        except CursorTooOld:
            return [frames.resync(self._log.cursor(), len(self))]
        return [entry.invalidation for entry in missed]

    def _on_changed(self, changed: Changed) -> None:
        """Called in any thread. Changes close together are delivered together."""
        with self._lock:
            if self._loop is None:
                return
            if not self._changed:
                self._loop.call_soon_threadsafe(self._schedule)
            add_changes(self._changed, changed)

    def _schedule(self) -> None:
        if self._loop is not None:
            self._loop.call_at(self._next_delivery, self._deliver_changes)

    def _deliver_changes(self) -> None:
        if self._loop is None:
            return
        self._next_delivery = self._loop.time() + BATCH_INTERVAL
        with self._lock:
            changed, self._changed = self._changed, {}
        if topics.everything() in changed:
            self._resync()
            return
        with_fragment = {t for t in changed if topics.has_fragment(t) and t in self._watchers}
        if with_fragment:
            self._to_render.update(dict.fromkeys(with_fragment))
            self._render_requested.set()
        ready = sorted(changed.keys() - with_fragment)
        readers = self._count_readers(ready)
        self._deliver([self._entry(topic, changed[topic], readers=readers) for topic in ready])

    def _resync(self) -> None:
        """Let every page read all of itself again: changes were missed."""
        self._log.forget()
        for topic in filter(topics.has_fragment, self._watchers):
            self._fragments.forget(topic)
            self._to_render[topic] = None
        self._render_requested.set()
        message = body(frames.resync(self._log.cursor(), len(self)))
        for connection in self._connections:
            connection.write(message)

    async def _render_all(self) -> None:
        while True:
            await self._render_requested.wait()
            self._render_requested.clear()
            while self._to_render:
                topic = next(iter(self._to_render))
                del self._to_render[topic]
                data = await self._fragments.render(topic)
                readers = self._count_readers([topic])
                self._deliver([self._entry(topic, data=data, readers=readers)])

    def _count_readers(self, changed: Iterable[str]) -> int:
        return len({stream for topic in changed for stream in self._watchers.get(topic, ())})

    def _entry(
        self, topic: str, changed: Set[str] = frozenset(), *, data: bytes = b"", readers: int
    ) -> Entry:
        cursor = self._log.cursor(self._log.newest + 1)
        frame = frames.invalidation(topic, cursor, changed=changed, readers=readers)
        if data:
            follows = frame if topics.has_invalidation(topic) else b""
            frame = frames.fragment(data, cursor) + follows
        late = frames.invalidation(topic, cursor)
        return self._log.append(topic, frame=frame, invalidation=late, complete=bool(data))

    def _deliver(self, entries: list[Entry]) -> None:
        if len(entries) == 1:
            message = body(entries[0].frame)
            for connection in self._watchers.get(entries[0].topic, ()):
                connection.write(message)
            return
        by_connection: dict[Connection, list[bytes]] = {}
        for entry in entries:
            for connection in self._watchers.get(entry.topic, ()):
                by_connection.setdefault(connection, []).append(entry.frame)
        for connection, parts in by_connection.items():
            connection.write(body(b"".join(parts)))

    async def _keep_alive_all(self, period: float) -> None:
        message = body(frames.KEEP_ALIVE)
        async for slot in _rounds(period):
            for connection in self._connections:
                if connection.slot == slot:
                    connection.write(message)

    async def _recheck_all(self, period: float) -> None:
        async for slot in _rounds(period):
            connections = [c for c in self._connections if c.slot == slot]
            for start in range(0, len(connections), CHECKED_TOGETHER):
                await self._recheck(connections[start : start + CHECKED_TOGETHER])

    async def _recheck(self, connections: Sequence[Connection]) -> None:
        """End streams whose right is lost, or could not be checked twice in a row."""
        try:
            lost = await self._find_lost(self._lost_rights, connections)
        except Exception:
            if len(connections) > 1:
                log.exception("streams could not be checked together; each is checked alone")
                for connection in connections:
                    await self._recheck([connection])
                return
            log.exception("a stream's access could not be checked")
            # One failure does not end it: it may have to show that the database is unavailable.
            for connection in connections:
                if connection.unchecked:
                    connection.end()
                connection.unchecked = True
            return
        for connection in connections:
            connection.unchecked = False
        self._end(connections, lost)

    async def _end_signed_out(self, period: float) -> None:
        while True:
            await asyncio.sleep(period)
            connections = list(self._connections)
            try:
                lost = await self._find_lost(self._lost_sign_ins, connections)
            except Exception:
                log.exception("sign-ins could not be checked; they will be checked again soon")
            else:
                self._end(connections, lost)

    async def _find_lost(self, find: Lost, connections: Iterable[Connection]) -> Set[Any]:
        rights = {connection.subscription.right for connection in connections}
        return await worker.checking.run(find, rights) if rights else rights

    def _end(self, connections: Iterable[Connection], lost: Set[Any]) -> None:
        for connection in connections:
            if connection.subscription.right in lost:
                connection.end(frames.named(frames.ENDED, self._log.cursor()))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task of the hub failed", exc_info=error)


async def _rounds(period: float) -> AsyncIterator[int]:
    """Yield slot after slot forever, each once a ``period``."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for slot in itertools.cycle(range(SLOTS)):
        due = max(due + period / SLOTS, loop.time())
        await asyncio.sleep(due - loop.time())
        yield slot


@cache
def get_hub() -> Hub:
    return Hub(bus=get_bus(), lost_rights=lost_rights, lost_sign_ins=lost_sign_ins)


def cursor() -> str:
    return get_hub().cursor()
