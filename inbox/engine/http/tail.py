"""Reading the event log once for all streams of a project.

A tail reads on from its position whenever something was committed, and keeps the newest events.
Each stream has its own cursor into them; one that is behind the oldest reads from the database.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from django.db import DatabaseError

from inbox.engine.actions import events
from inbox.engine.actions.events import LoggedEvent
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

logger = logging.getLogger(__name__)

PAGE = 200
"""How many events are read at once."""

REREAD = 1.0
"""Seconds after which a tail reads again anyway: another process may have written."""

_MAX_BYTES = 4 * 1024 * 1024


class Frame(NamedTuple):
    """An event as the bytes that every stream of its project writes."""

    seq: int
    run_id: str | None
    content: bytes


class Batch(NamedTuple):
    """The bytes that bring a stream to a cursor; empty if none of the events are for it."""

    cursor: int
    content: bytes


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
    """The newest events of one project. Lives on the event loop and reads in a worker's thread.

    Every event up to ``position`` has been read.
    """

    def __init__(self, project_id: int, position: int, workers: Workers) -> None:
        self.project_id = project_id
        self.position = position
        self.streams = 0
        self._workers = workers
        self._frames: deque[Frame] = deque()
        self._floor = position
        self._bytes = 0
        self._committed = asyncio.Event()
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Read on: something was committed."""
        self._committed.set()

    def wake_streams(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seconds: float) -> None:
        """Wait until ``wake_streams``, for at most so many seconds."""
        await _wait(self._changed, seconds)

    def after(self, cursor: int, run_id: str | None) -> Batch | None:
        """What followed the cursor, of one run or of all; None if that is no longer kept."""
        if cursor < self._floor:
            return None
        contents = []
        for frame in reversed(self._frames):
            if frame.seq <= cursor:
                break
            if run_id in (None, frame.run_id):
                contents.append(frame.content)
        return Batch(max(cursor, self.position), b"".join(reversed(contents)))

    async def follow(self) -> None:
        """Read on until cancelled."""
        while True:
            self._committed.clear()
            page = await self._next_page()
            if page:
                self._keep(to_frames(page))
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


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
