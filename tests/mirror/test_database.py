"""Watching whether the database responds."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction

from inbox.mirror.database import DatabaseWatch
from inbox.mirror.freshness import Reason, SyncStatus


class AwaitableStatus(SyncStatus):
    """Lets a test wait for what is noted of the database."""

    def __init__(self) -> None:
        super().__init__()
        self._noted = asyncio.Event()

    def update(self, **facts: object) -> None:
        super().update(**facts)
        self._noted.set()

    async def says(self, problem: Reason | None) -> None:
        async with asyncio.timeout(60):
            while self.facts.database_problem != problem:
                self._noted.clear()
                await self._noted.wait()


@asynccontextmanager
async def writes_held() -> AsyncIterator[None]:
    """No one else's write gets through, and none is refused."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            SessionStore().create()
            if connection.vendor == "postgresql":
                connection.cursor().execute("LOCK TABLE django_session")
            held.set()
            release.wait(60)
            transaction.set_rollback(True)
        connection.close()

    holder = asyncio.ensure_future(sync_to_async(hold, thread_sensitive=False)())
    await asyncio.to_thread(held.wait, 30)
    try:
        yield
    finally:
        release.set()
        await holder


@pytest.mark.django_db(transaction=True)
async def test_a_database_that_does_not_answer_is_noticed_while_it_is_waited_for() -> None:
    sync_status = AwaitableStatus()
    watch = DatabaseWatch(sync_status, timeout=0.2)
    watch.failed = True
    async with writes_held():
        running = asyncio.ensure_future(watch.run())
        await sync_status.says(Reason.DATABASE_SILENT)
    await sync_status.says(None)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
