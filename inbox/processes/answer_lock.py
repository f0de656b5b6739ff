"""One answer at a time per person and question: an ``asyncio.Lock`` within the process, an advisory
lock between processes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from weakref import WeakValueDictionary

from django.db import OperationalError

from inbox.lib.page_slots import locked, release_slot
from inbox.processes.dedicated_connection import dedicated_connection

WAIT = 20.0
"""Seconds for which an answer waits for another process."""
TRY_EVERY = 0.05
TAKE = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
RELEASE = "SELECT pg_advisory_unlock(hashtextextended(%s, 0))"

_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
"""The locks within this process. Only the holder of one takes the advisory lock."""


class StillAnswering(Exception):
    """Another process has held the lock for too long."""


@asynccontextmanager
async def answering(
    reviewer_id: int, interaction_id: str, *, wait: float | None = None
) -> AsyncIterator[bool]:
    """Yield whether it had to wait. ``wait`` is the most seconds to wait for another process.
    Raises ``StillAnswering`` after that.
    """
    lock = _locks.setdefault((reviewer_id, interaction_id), asyncio.Lock())
    waited = lock.locked()
    async with locked(lock):
        if not dedicated_connection.started:
            yield waited
            return
        name = f"answer of {reviewer_id} to {interaction_id}"
        try:
            async with release_slot():
                waited = await _take(name, WAIT if wait is None else wait) or waited
            yield waited
        finally:
            # Even if the caller was cancelled: the statement that takes the lock is not. Without a
            # connection there is no lock.
            with suppress(OperationalError):
                await dedicated_connection.execute(RELEASE, [name])


async def _take(name: str, wait: float) -> bool:
    """Return whether it had to wait."""
    began, waited = monotonic(), False
    while not (await dedicated_connection.execute(TAKE, [name]))[0][0]:
        if monotonic() - began >= wait:
            raise StillAnswering
        waited = True
        await asyncio.sleep(TRY_EVERY)
    return waited
