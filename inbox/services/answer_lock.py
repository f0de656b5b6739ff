"""One at a time: a person's answers to one question.

Within the process that is a lock of asyncio, between processes an advisory lock of PostgreSQL,
which ends with the process that holds it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import monotonic
from weakref import WeakValueDictionary

from django.db import OperationalError

from inbox.live.database_link import link
from inbox.page_slots import locked, waiting

WAIT = 20.0
"""Seconds for which an answer waits for another process."""
TRY_EVERY = 0.05

_locks: WeakValueDictionary[tuple[int, str], asyncio.Lock] = WeakValueDictionary()
"""Held in this process. Whoever holds one may take the advisory lock."""


class StillAnswering(Exception):
    """Another process has been holding the lock for too long."""


@asynccontextmanager
async def answering(
    reviewer_id: int, interaction_id: str, *, wait: float | None = None
) -> AsyncIterator[bool]:
    """Hold the lock while the person's answer to the question is prepared, sent or settled.

    Yields whether it was held by someone else before. ``wait`` is the most seconds to wait for
    another process, by default ``WAIT``; then ``StillAnswering`` is raised.
    """
    lock = _locks.setdefault((reviewer_id, interaction_id), asyncio.Lock())
    waited = lock.locked()
    async with locked(lock):
        if not link.started:
            yield waited
            return
        key = _key(reviewer_id, interaction_id)
        try:
            async with waiting():
                waited = await _take(key, WAIT if wait is None else wait) or waited
            yield waited
        finally:
            # Also one that was taken for a caller that is cancelled. If there is no connection, the
            # lock has ended with it.
            with suppress(OperationalError):
                await link.execute("SELECT pg_advisory_unlock(%s)", [key])


async def _take(key: int, wait: float) -> bool:
    """Take the advisory lock. Returns whether it was held before."""
    began, waited = monotonic(), False
    while not (await link.execute("SELECT pg_try_advisory_lock(%s)", [key]))[0][0]:
        if monotonic() - began >= wait:
            raise StillAnswering
        waited = True
        await asyncio.sleep(TRY_EVERY)
    return waited


def _key(reviewer_id: int, interaction_id: str) -> int:
    name = f"answer of {reviewer_id} to {interaction_id}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
