"""Writing event streams: replay, then live, with no gap between the two and nothing twice.

A stream is a coroutine with a cursor and costs no thread. It waits for its own reader alone: one
that reads slowly falls behind the shared tail and continues from the database.
"""

import asyncio
import contextlib
import contextvars
import logging
import time
from collections.abc import AsyncIterator, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from inbox.engine.actions import events
from inbox.engine.actions.auth import Caller
from inbox.engine.http.tail import PAGE, Batch, Tail, to_frames
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

logger = logging.getLogger(__name__)

KEEPALIVE = 15.0
"""Seconds of silence after which a comment is written."""

RECHECK = 60.0
"""Seconds after which a stream's token is checked again."""


class Streams:
    """The open streams, and one tail for each project that they follow."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.closing = False
        self._tails: dict[int, Tail] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def wake(self, project_id: int) -> None:
        """Something was committed in this project."""
        if project_id in self._tails:
            self._tails[project_id].wake()

    def close(self) -> None:
        """End every stream now; a server cannot stop while one is open."""
        self.closing = True
        for tail in self._tails.values():
            tail.wake_streams()

    @contextlib.asynccontextmanager
    async def following(self, project_id: int, newest: int) -> AsyncIterator[Tail]:
        """The project's tail; a new one reads on from ``newest``."""
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
        tail = self._tails[project_id] = Tail(project_id, newest, self.workers)
        # A context of its own: that of the first stream's request ends with it.
        self._tasks[project_id] = asyncio.create_task(tail.follow(), context=contextvars.Context())
        return tail


class EventStream(StreamingResponse):
    """A stream: ``first``, then what follows ``cursor``, until the reader leaves.

    ``newest`` is the project's newest event when the cursor was read. Without a ``run_id`` the
    whole project is followed.
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
                # Other runs' events are not written, so silence is measured from the last byte.
                silent_for = time.monotonic() - written_at
                if batch.content or silent_for >= KEEPALIVE:
                    yield batch.content or b":keepalive\n\n"
                    written_at = time.monotonic()
                elif up_to_date:
                    await self._tail.wait(KEEPALIVE - silent_for)
                if time.monotonic() - checked_at > RECHECK:
                    await self._streams.workers.run(self._authenticate)
                    checked_at = time.monotonic()
        except EngineError as error:
            # The status has been sent. The client reconnects and gets the error then.
            logger.info("An event stream ends: %s", error.message)

    async def _replay(self) -> Batch:
        """The next page from the database.

        One that is not full brought all that was committed before it was asked for, including the
        other runs' events up to the position of the tail.
        """
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
        return Batch(reached, b"".join(frame.content for frame in to_frames(page)))
