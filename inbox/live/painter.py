"""The fragments of the topics that are watched: each is rendered once, whoever looks."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context

from inbox.live import frames, worker

log = logging.getLogger(__name__)

Render = Callable[[str], str | None]


class Painter:
    """Renders fragments in a thread of their own and holds the newest of each topic in use.

    A fragment that cannot be rendered is logged and left out: who watches still gets the bell.

    Args:
        render: a topic's HTML, or None where it has none; called in that thread.
    """

    def __init__(self, render: Render) -> None:
        self._render = render
        self._held: dict[str, bytes] = {}
        self._flights: dict[str, asyncio.Task[bytes]] = {}

    def held(self, topic: str) -> bytes:
        """The ``data:`` lines of a topic as last painted; empty where there are none."""
        return self._held.get(topic, b"")

    def forget(self, topic: str) -> None:
        """What is held of a topic that nobody watched may be old, and so is what is under way."""
        self._held.pop(topic, None)
        self._flights.pop(topic, None)

    async def ensure(self, topic: str) -> None:
        """Have something of the topic held; those who ask together wait for one rendering."""
        if topic in self._held:
            return
        flight = self._flights.get(topic)
        if flight is None:
            flight = asyncio.create_task(self._painted(topic), context=Context())
            self._flights[topic] = flight
        data = await asyncio.shield(flight)
        if self._flights.get(topic) is flight:
            del self._flights[topic]
            self._hold(topic, data)

    async def repaint(self, topic: str) -> bytes:
        """Render the topic anew, hold and return its ``data:`` lines."""
        self._flights.pop(topic, None)  # it may have read the topic before the change
        data = await self._painted(topic)
        self._hold(topic, data)
        return data

    def _hold(self, topic: str, data: bytes) -> None:
        if data:
            self._held[topic] = data
        else:
            self._held.pop(topic, None)

    async def _painted(self, topic: str) -> bytes:
        [html] = await asyncio.gather(
            worker.painting.run(self._render, topic), return_exceptions=True
        )
        if isinstance(html, BaseException):
            log.error("%s could not be rendered", topic, exc_info=html)
            return b""
        return frames.lines(html or "")
