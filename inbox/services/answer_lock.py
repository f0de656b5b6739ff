"""A lock per person and question, so that only one answer is sent at a time.

Within the process it is an ``asyncio.Lock``, between processes an advisory lock of PostgreSQL,
which is released when the process that holds it ends.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from weakref import WeakValueDictionary

from django.db import OperationalError

from inbox.live.dedicated_connection import dedicated_connection
from inbox.page_slots import locked, waiting

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
    """Hold the lock while the person's answer to the question is prepared, sent or settled.

    Yields whether it had to wait. ``wait`` is the most seconds to wait for another process,
    by default ``WAIT``. Raises ``StillAnswering`` after that.
    """
    lock = _locks.setdefault((reviewer_id, interaction_id), asyncio.Lock())
    waited = lock.locked()
    async with locked(lock):
        if not dedicated_connection.started:
            yield waited
            return
        name = f"answer of {reviewer_id} to {interaction_id}"
        try:
            async with waiting():
                waited = await _take(name, WAIT if wait is None else wait) or waited
            yield waited
        finally:
            # Even if the caller was cancelled: the statement that takes the lock is not. Without a
            # connection there is no lock.
            with suppress(OperationalError):
                await dedicated_connection.execute(RELEASE, [name])


async def _take(name: str, wait: float) -> bool:
    """Take the advisory lock. Returns whether it had to wait."""
    began, waited = monotonic(), False
    while not (await dedicated_connection.execute(TAKE, [name]))[0][0]:
        if monotonic() - began >= wait:
            raise StillAnswering
        waited = True
        await asyncio.sleep(TRY_EVERY)
    return waited
