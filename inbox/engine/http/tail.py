"""Reading the event log once for all who follow a project.

A tail reads on from its position whenever something was committed, and keeps the newest frames.
Each stream has a cursor of its own into them; who is behind the oldest reads from the database.
"""

import asyncio
import contextlib
import contextvars
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from django.db import DatabaseError

from inbox.engine.actions import events
from inbox.engine.actions.events import Logged
from inbox.engine.http.workers import Workers
from inbox.engine.rules.errors import EngineError

logger = logging.getLogger(__name__)

PAGE = 200
"""Events of one read."""

REREAD = 1.0
"""Seconds after which a tail reads unasked: another process may have written."""

_KEPT_BYTES = 4 * 1024 * 1024


class Framed(NamedTuple):
    """An event as the bytes that every stream of its project writes."""

    seq: int
    run_id: str | None
    frame: bytes


class Stretch(NamedTuple):
    """The frames that bring a stream to a cursor; none of them may be for it."""

    cursor: int
    frames: bytes


def framed(page: Iterable[Logged]) -> list[Framed]:
    """The events in the form of the wire."""
    return [Framed(event.seq, event.run_id, _frame(event)) for event in page]


def _frame(event: Logged) -> bytes:
    return f"id: {event.seq}\nevent: {event.type}\ndata: {event.frame}\n\n".encode()


class Tail:
    """The newest events of one project. Lives on the event loop, reads by a worker."""

    def __init__(self, project_id: int, position: int, workers: Workers) -> None:
        self.project_id = project_id
        self.position = position
        """Every event up to this seq has been read."""
        self.followers = 0
        self._workers = workers
        self._log: deque[Framed] = deque()
        self._floor = position
        self._bytes = 0
        self._bell = asyncio.Event()
        self._news = asyncio.Event()

    def ring(self) -> None:
        """Something was committed."""
        self._bell.set()

    def announce(self) -> None:
        """Wake everybody who waits for news."""
        self._news.set()
        self._news = asyncio.Event()

    async def news(self, patience: float) -> None:
        """Wait for the next announcement, at most so many seconds."""
        await _wait(self._news, patience)

    def after(self, cursor: int, run_id: str | None) -> Stretch | None:
        """What followed the cursor, of one run or of all; None where that is no longer kept."""
        if cursor < self._floor:
            return None
        found = []
        for event in reversed(self._log):
            if event.seq <= cursor:
                break
            if run_id in (None, event.run_id):
                found.append(event.frame)
        return Stretch(max(cursor, self.position), b"".join(reversed(found)))

    async def follow(self) -> None:
        """Read on for ever."""
        while True:
            self._bell.clear()
            page = await self._next_page()
            if page:
                self._keep(framed(page))
                self.announce()
            if len(page) < PAGE:
                await _wait(self._bell, REREAD)

    async def _next_page(self) -> list[Logged]:
        try:
            return await self._workers.run(
                events.after, project_id=self.project_id, since=self.position, limit=PAGE
            )
        except (EngineError, DatabaseError) as error:
            # A tail that ended would leave its streams open and silent for ever.
            logger.warning("The event log cannot be read, and is tried again: %s", error)
            return []

    def _keep(self, page: list[Framed]) -> None:
        self._log.extend(page)
        self.position = page[-1].seq
        self._bytes += sum(len(event.frame) for event in page)
        while self._bytes > _KEPT_BYTES:
            oldest = self._log.popleft()
            self._floor = oldest.seq
            self._bytes -= len(oldest.frame)


async def _wait(event: asyncio.Event, patience: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await event.wait()


class Tails:
    """One tail a project, for as long as somebody follows it."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._tails: dict[int, Tail] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def ring(self, project_id: int) -> None:
        """Something was committed in this project."""
        if project_id in self._tails:
            self._tails[project_id].ring()

    def announce(self) -> None:
        """Wake every stream."""
        for tail in self._tails.values():
            tail.announce()

    @contextlib.asynccontextmanager
    async def following(self, project_id: int, newest: int) -> AsyncIterator[Tail]:
        """The project's tail; a new one reads on from ``newest``."""
        tail = self._tails.get(project_id) or self._start(project_id, newest)
        tail.followers += 1
        try:
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers:
                del self._tails[project_id]
                self._tasks.pop(project_id).cancel()

    def _start(self, project_id: int, newest: int) -> Tail:
        tail = self._tails[project_id] = Tail(project_id, newest, self._workers)
        # A context of its own: the one of the first follower's request ends with it.
        self._tasks[project_id] = asyncio.create_task(tail.follow(), context=contextvars.Context())
        return tail
