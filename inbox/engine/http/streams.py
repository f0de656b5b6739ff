"""Event streams without gaps or repetitions. A tail reads the log once for all streams of a project
and keeps the newest events; a stream that reads slowly falls behind it and continues from the
database.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import NamedTuple

from django.db import DatabaseError
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from inbox.engine.actions import events
from inbox.engine.actions.auth import Caller
from inbox.engine.actions.events import LoggedEvent
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

logger = logging.getLogger(__name__)

KEEPALIVE = 15.0
"""Seconds of silence after which a comment is written."""

RECHECK = 60.0
"""Seconds after which a stream's token is checked again."""

PAGE = 200
"""How many events are read at once."""

REREAD = 1.0
"""Seconds after which a tail reads again anyway: another process may have written."""

_MAX_BYTES = 4 * 1024 * 1024


class Frame(NamedTuple):
    """``last`` ends a run's stream where the generation's streams end."""

    seq: int
    run_id: str | None
    content: bytes
    last: bool = False


class Batch(NamedTuple):
    """``content`` is empty if none of the events are for the stream."""

    cursor: int
    content: bytes
    last: bool = False


Frames = Callable[[Iterable[LoggedEvent]], list[Frame]]
"""How a generation of the API writes events."""


def to_frames(page: Iterable[LoggedEvent]) -> list[Frame]:
    return [
        Frame(
            event.seq,
            event.run_id,
            f"id: {event.seq}\nevent: {event.type}\ndata: {event.data}\n\n".encode(),
        )
        for event in page
    ]


class Tail:
    """The newest events of a project, up to ``position``. Lives on the event loop."""

    def __init__(self, project_id: int, position: int, workers: Workers, frames: Frames) -> None:
        self.project_id = project_id
        self.position = position
        self.streams = 0
        self._workers = workers
        self._to_frames = frames
        self._frames: deque[Frame] = deque()
        self._floor = position
        self._bytes = 0
        self._committed = asyncio.Event()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        self._committed.set()

    def wake_streams(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        await _wait(self._changed, seconds)

    def after(self, cursor: int, run_id: str | None) -> Batch | None:
        """None if what followed the cursor is no longer kept."""
        if cursor < self._floor:
            return None
        frames = []
        for frame in reversed(self._frames):
            if frame.seq <= cursor:
                break
            if run_id in (None, frame.run_id):
                frames.append(frame)
        return _batch(max(cursor, self.position), frames[::-1])

    async def follow(self) -> None:
        while True:
            self._committed.clear()
            page = await self._next_page()
            if page:
                self._keep(self._to_frames(page))
                self.wake_streams()
            if len(page) < PAGE:
                await _wait(self._committed, REREAD)

    async def _next_page(self) -> list[LoggedEvent]:
        try:
            return await self._workers.run(
                events.after, project_id=self.project_id, since=self.position, limit=PAGE
            )
        except (EngineError, DatabaseError) as error:
            # A tail that ended would leave its streams open and silent forever.
            logger.warning("The event log cannot be read. Trying again: %s", error)
            return []

    def _keep(self, frames: list[Frame]) -> None:
        self._frames.extend(frames)
        self.position = frames[-1].seq
        self._bytes += sum(len(frame.content) for frame in frames)
        while self._bytes > _MAX_BYTES:
            oldest = self._frames.popleft()
            self._floor = oldest.seq
            self._bytes -= len(oldest.content)


def _batch(cursor: int, frames: list[Frame]) -> Batch:
    content = b"".join(frame.content for frame in frames)
    return Batch(cursor, content, last=bool(frames) and frames[-1].last)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Streams:
    def __init__(self, workers: Workers, frames: Frames = to_frames) -> None:
        self.workers = workers
        self.frames = frames
        self.closing = False
        self._tails: dict[int, Tail] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def wake(self, project_id: int) -> None:
        if project_id in self._tails:
            self._tails[project_id].wake()

    def close(self) -> None:
        """A server cannot stop while a stream is open."""
        self.closing = True
        for tail in self._tails.values():
            tail.wake_streams()

    @contextlib.asynccontextmanager
    async def following(self, project_id: int, newest: int) -> AsyncIterator[Tail]:
        """A new tail reads on from ``newest``."""
        tail = self._tails.get(project_id) or self._start(project_id, newest)
        tail.streams += 1
        try:
            yield tail
        finally:
            tail.streams -= 1
            if not tail.streams:
                del self._tails[project_id]
                self._tasks.pop(project_id).cancel()

    def _start(self, project_id: int, newest: int) -> Tail:
        tail = self._tails[project_id] = Tail(project_id, newest, self.workers, self.frames)
        # A context of its own: that of the first stream's request ends with it.
        self._tasks[project_id] = asyncio.create_task(tail.follow(), context=contextvars.Context())
        return tail


class EventStream(StreamingResponse):
    """``newest`` is the project's newest event when the cursor was read. Without a ``run_id`` the
    whole project is followed. ``ends_at`` is an event after which nothing more will come.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        streams: Streams,
        *,
        project_id: int,
        run_id: str | None,
        cursor: int,
        newest: int,
        first: bytes,
        authenticate: Callable[[], Caller],
        ends_at: int | None = None,
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(self._chunks(), headers=headers)
        self._streams = streams
        self._project_id = project_id
        self._run_id = run_id
        self._cursor = cursor
        self._newest = newest
        self._first = first
        self._authenticate = authenticate
        self._ends_at = ends_at
        self._tail: Tail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._streams.following(self._project_id, self._newest) as self._tail:
            await super().__call__(scope, receive, send)

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield self._first
        written_at = checked_at = time.monotonic()
        try:
            while not self._streams.closing:
                batch = self._tail.after(self._cursor, self._run_id) or await self._replay()
                up_to_date = batch.cursor == self._cursor
                self._cursor = batch.cursor
                ends = batch.last or (self._ends_at is not None and self._cursor >= self._ends_at)
                # Other runs' events are not written, so silence is measured from the last byte.
                silent_for = time.monotonic() - written_at
                if batch.content or silent_for >= KEEPALIVE:
                    yield batch.content or b":keepalive\n\n"
                    written_at = time.monotonic()
                elif up_to_date and not ends:
                    await self._tail.wait(KEEPALIVE - silent_for)
                if ends:
                    return
                if time.monotonic() - checked_at > RECHECK:
                    await self._streams.workers.run(self._authenticate)
                    checked_at = time.monotonic()
        except EngineError as error:
            # The status has been sent. The client reconnects and gets the error then.
            logger.info("An event stream ends: %s", error.message)

    async def _replay(self) -> Batch:
        """The next page from the database. One that is not full brought all that was committed."""
        position = self._tail.position
        page = await self._streams.workers.run(
            events.after,
            project_id=self._project_id,
            since=self._cursor,
            limit=PAGE,
            run_id=self._run_id,
        )
        reached = page[-1].seq if page else self._cursor
        if len(page) < PAGE:
            reached = max(reached, position)
        return _batch(reached, self._streams.frames(page))
