import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from inbox.live.bus import get_bus
from inbox.mirror.freshness import SyncStatus
from inbox.mirror.polling import PollIntervals
from inbox.mirror.session import Intervals
from inbox.mirror.sync import Sync
from inbox.mobius.bounded import Limits
from inbox.mobius.client import MobiusClient
from inbox.mobius.timing import Backoff, Timeouts
from inbox.mobius.types import Generation

QUICK = Backoff(base=0.05, cap=0.2)
PATIENT = Timeouts(opening=60)
"""However busy the machine is, a stream's position doesn't come too late."""


class Ears:
    """``rings`` waits for more."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, str]] = []
        self._more = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def take(self, topics: Iterable[str]) -> None:
        """Called by the bus, in any thread."""
        now = monotonic()
        self._loop.call_soon_threadsafe(self._note, [(now, topic) for topic in topics])

    def _note(self, heard: list[tuple[float, str]]) -> None:
        self.heard += heard
        self._more.set()

    async def rings(self, topic: str, *, after: float = 0.0) -> float:
        """Wait for a topic published after the instant ``after``; return when it was."""
        async with asyncio.timeout(60):
            while True:
                for instant, heard in self.heard:
                    if heard == topic and instant >= after:
                        return instant
                self._more.clear()
                await self._more.wait()

    async def until(self, topic: str, check: Callable[[], Awaitable[bool]]) -> None:
        """Wait until ``check`` returns True. It is called now and whenever ``topic`` is
        published."""
        async with asyncio.timeout(60):
            checked_at = monotonic()
            while not await check():
                await self.rings(topic, after=checked_at)
                checked_at = monotonic()


class Kept:
    def __init__(
        self, client: MobiusClient, sync: Sync, sync_status: SyncStatus, ears: Ears
    ) -> None:
        self.client = client
        self.sync = sync
        self.sync_status = sync_status
        self.ears = ears

    async def is_(self, *states: str) -> None:
        async def is_reached() -> bool:
            return self.sync_status.current().state in states

        await self.ears.until("freshness", is_reached)


@asynccontextmanager
async def keeping(
    base_url: str,
    project: str,
    token: str,
    *,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
    sync_status: SyncStatus | None = None,
    generation: Generation = Generation.A,
    **intervals: Any,
) -> AsyncIterator[Kept]:
    """Keep the mirror of ``project`` up to date until the block is left. Pages read the process's
    ``sync_status``, a sync beside them its own.
    """
    ears, sync_status = Ears(), sync_status or SyncStatus()
    unsubscribe = get_bus().subscribe(ears.take)
    async with MobiusClient(
        base_url=base_url,
        project=project,
        token=token,
        generation=generation,
        backoff=QUICK,
        timeouts=timeouts or PATIENT,
        limits=limits,
    ) as client:
        intervals = {
            "refused": 0.1,
            "age": 0.3,
            "grace": 0.0,
            "blind": 0.3,
            "polls": PollIntervals(watched=0.1, idle=0.1),
        } | intervals
        sync = Sync(
            client, sync_status=sync_status, intervals=Intervals(**intervals), backoff=QUICK
        )
        task = asyncio.create_task(sync.run())
        try:
            yield Kept(client, sync, sync_status, ears)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            unsubscribe()
