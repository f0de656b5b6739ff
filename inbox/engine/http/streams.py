"""Writing event streams: replay, then live, with no gap between the two and nothing twice.

A stream is a coroutine with a cursor and costs no thread. It waits for its own reader alone: one
that reads slowly falls behind the shared tail and goes on from the database.
"""

import asyncio
import logging
import time

from inbox.engine.actions import events
from inbox.engine.http.answers import Send
from inbox.engine.http.requests import Receive
from inbox.engine.http.routing import Opening
from inbox.engine.http.tail import PAGE, Stretch, Tail, Tails, framed
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

logger = logging.getLogger(__name__)

KEEPALIVE = 15.0
"""Seconds of silence after which a comment is written."""

RECHECK = 60.0
"""Seconds after which a stream's token is looked at again."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """All open streams. ``tails`` is rung when something was committed."""

    def __init__(self, workers: Workers) -> None:
        self.workers = workers
        self.tails = Tails(workers)
        self.closing = False

    def close(self) -> None:
        """End every stream now; a server cannot stop while one is open."""
        self.closing = True
        self.tails.announce()

    async def serve(self, opening: Opening, receive: Receive, send: Send) -> None:
        """Write one stream until its reader leaves, its token is refused, or the server ends."""
        writing = asyncio.create_task(_Stream(self, opening, send).write())
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            writing.cancel()
            leaving.cancel()
            await asyncio.wait({writing, leaving})
        if not writing.cancelled():
            writing.result()


class _Stream:
    """One stream: how far it has come, when it last wrote, when its token was last looked at."""

    def __init__(self, streams: Streams, opening: Opening, send: Send) -> None:
        self._streams = streams
        self._opening = opening
        self._send = send
        self._cursor = opening.cursor
        self._wrote_at = self._checked_at = time.monotonic()

    async def write(self) -> None:
        """The whole response."""
        opening = self._opening
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await self._put(opening.first)
        async with self._streams.tails.following(opening.project_id, opening.newest) as tail:
            try:
                while not self._streams.closing:
                    await self._step(tail)
            except EngineError as error:
                # The status is long gone. The reader comes back with its cursor and is told then.
                logger.info("An event stream ends: %s", error.message)
        await self._send({"type": "http.response.body", "body": b""})

    async def _step(self, tail: Tail) -> None:
        stretch = tail.after(self._cursor, self._opening.run_id) or await self._replay(tail)
        if stretch.frames:
            await self._put(stretch.frames)
        elif stretch.cursor == self._cursor:
            await self._wait(tail)
        self._cursor = stretch.cursor
        if time.monotonic() - self._checked_at > RECHECK:
            await self._streams.workers.run(self._opening.authenticate)
            self._checked_at = time.monotonic()

    async def _replay(self, tail: Tail) -> Stretch:
        """The next page from the database.

        One that is not full brought all that was committed before it was asked for, so also the
        other runs' events up to where the tail stood.
        """
        stood_at = tail.position
        page = await self._streams.workers.run(
            events.after,
            project_id=self._opening.project_id,
            since=self._cursor,
            limit=PAGE,
            run_id=self._opening.run_id,
        )
        reached = page[-1].seq if page else self._cursor
        if len(page) < PAGE:
            reached = max(reached, stood_at)
        return Stretch(reached, b"".join(event.frame for event in framed(page)))

    async def _wait(self, tail: Tail) -> None:
        """For news; other runs' are none, so the silence is measured from the last byte."""
        patience = self._wrote_at + KEEPALIVE - time.monotonic()
        if patience <= 0:
            await self._put(b":keepalive\n\n")
        else:
            await tail.news(patience)

    async def _put(self, chunk: bytes) -> None:
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        self._wrote_at = time.monotonic()


async def _left(receive: Receive) -> None:
    """Return when the reader has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
