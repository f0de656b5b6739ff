import asyncio
import logging
from collections.abc import Callable
from contextvars import Context

from inbox.live import frames, worker

log = logging.getLogger(__name__)

Render = Callable[[str], str | None]


class FragmentCache:
    """The newest HTML of each watched topic, rendered once for all streams in a thread. One that
    can't be rendered is logged and left out.
    """

    def __init__(self, render: Render) -> None:
        self._render = render
        self._cache: dict[str, bytes] = {}
        self._pending: dict[str, asyncio.Task[bytes]] = {}

    def get(self, topic: str) -> bytes:
        """``data:`` lines; empty if there are none."""
        return self._cache.get(topic, b"")

    def forget(self, topic: str) -> None:
        """Also one that is being rendered: unwatched, it may be old."""
        self._cache.pop(topic, None)
        self._pending.pop(topic, None)

    async def ensure(self, topic: str) -> None:
        """Concurrent calls share one rendering."""
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
