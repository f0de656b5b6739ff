"""The HTML fragments of watched topics, each rendered once for all streams."""

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context

from inbox.live import frames, worker

log = logging.getLogger(__name__)

Render = Callable[[str], str | None]


class FragmentCache:
    """Renders fragments in a thread and caches the newest of each watched topic.

    A fragment that can't be rendered is logged and left out; the topic's invalidation is still
    sent.

    Args:
        render: returns a topic's HTML, or None if it has none.
    """

    def __init__(self, render: Render) -> None:
        self._render = render
        self._cache: dict[str, bytes] = {}
        self._pending: dict[str, asyncio.Task[bytes]] = {}

    def get(self, topic: str) -> bytes:
        """The ``data:`` lines of a topic as last rendered; empty if there are none."""
        return self._cache.get(topic, b"")

    def forget(self, topic: str) -> None:
        """Drop a topic's fragment, even one that is being rendered: unwatched, it may be old."""
        self._cache.pop(topic, None)
        self._pending.pop(topic, None)

    async def ensure(self, topic: str) -> None:
        """Render the topic unless its fragment is cached; concurrent calls share one rendering."""
        if topic in self._cache:
            return
        task = self._pending.get(topic)
        if task is None:
            task = asyncio.create_task(self._rendered(topic), context=Context())
            self._pending[topic] = task
        data = await asyncio.shield(task)
        if self._pending.get(topic) is task:
            del self._pending[topic]
            self._store(topic, data)

    async def render(self, topic: str) -> bytes:
        """Render the topic, cache and return its ``data:`` lines."""
        self._pending.pop(topic, None)  # it may have read the topic before the change
        data = await self._rendered(topic)
        self._store(topic, data)
        return data

    def _store(self, topic: str, data: bytes) -> None:
        if data:
            self._cache[topic] = data
        else:
            self._cache.pop(topic, None)

    async def _rendered(self, topic: str) -> bytes:
        try:
            html = await worker.rendering.run(self._render, topic)
        except Exception:
            log.exception("%s could not be rendered", topic)
            return b""
        return frames.lines(html or "")
