import asyncio
import errno
import secrets
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from inbox.lib.outage import is_disk_full, is_outage
from inbox.mirror.database import DatabaseWatch
from inbox.mirror.freshness import Reason, SyncStatus


class AwaitableStatus(SyncStatus):
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


@pytest.mark.sqlite
@pytest.mark.django_db(transaction=True)
def test_a_full_disk_is_called_that() -> None:
    def fill(execute: Any, *rest: Any) -> Any:
        # SQLite fails as on a full disk: "database or disk is full".
        connection.connection.execute("PRAGMA max_page_count = 1")
        return execute(*rest)

    large = Session(
        session_key=secrets.token_hex(16), session_data="x" * 500_000, expire_date=timezone.now()
    )
    with connection.execute_wrapper(fill), pytest.raises(OperationalError) as raised:
        large.save()
    assert is_disk_full(raised.value)
    assert is_outage(raised.value)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("error", "full"),
    [
        (psycopg.errors.DiskFull(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (psycopg.errors.ReadOnlySqlTransaction(), False),
        (OSError(errno.EACCES, "Permission denied"), False),
    ],
)
def test_only_a_full_disk_is_called_that(error: Exception, full: bool) -> None:
    wrapped = OperationalError()
    wrapped.__cause__ = error
    assert is_disk_full(wrapped) == full
