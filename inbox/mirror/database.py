"""Checks in the background that the database can be used."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, InterfaceError, connections, transaction

from inbox.lib.outage import is_disk_full, is_outage
from inbox.live.alarm import wait_for
from inbox.mirror.freshness import Reason, SyncStatus, sync_status
from inbox.models import Upstream

log = logging.getLogger(__name__)

INTERVAL = 5.0
"""Seconds between two checks while all is well."""
INTERVAL_AFTER_FAILURE = 1.0
"""Seconds between two checks while the database cannot be used."""
TIMEOUT = 8.0
"""The most seconds that a check may take; a refused or unavailable connection fails sooner."""


class DatabaseWatch:
    """Reads the database every few seconds; after a failure it also writes, until that succeeds."""

    def __init__(self, sync_status: SyncStatus, *, timeout: float = TIMEOUT) -> None:
        self.failed = False
        self._timeout = timeout
        self._sync_status = sync_status
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def check_after(self, error: BaseException | None) -> None:
        """Any thread may call it."""
        if self._loop is not None and is_outage(error):
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._check_now)

    def _check_now(self) -> None:
        self.failed = True
        self._wake.set()

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        while True:
            self._wake.clear()
            problem, why = await self._checked()
            self.failed = bool(problem) or self._wake.is_set()
            self._note(problem, why)
            await wait_for(self._wake, INTERVAL_AFTER_FAILURE if problem else INTERVAL)

    async def _checked(self) -> tuple[Reason | None, str]:
        # In a new thread: all others may be waiting for the database.
        check = asyncio.ensure_future(
            sync_to_async(_check, thread_sensitive=False)(writing=self.failed)
        )
        try:
            await asyncio.wait({check}, timeout=self._timeout)
            if not check.done():
                self._note(Reason.DATABASE_SILENT, f"nothing for {self._timeout:g} s")
            return await check
        finally:
            check.cancel()

    def _note(self, problem: Reason | None, why: str) -> None:
        before = self._sync_status.facts
        changes: dict[str, Any] = {"database_problem": problem}
        if problem and not before.database_problem:
            log.error("%s: %s", problem, why)
            changes["database_failed_at"] = datetime.now(UTC)
        if before.database_problem and not problem:
            log.warning("the database can be used again")
        self._sync_status.update(**changes)


def _check(*, writing: bool) -> tuple[Reason | None, str]:
    """The problem, None if there is none, and the driver's message."""
    try:
        Upstream.objects.first()
        if writing:
            _write()
    except (DatabaseError, InterfaceError) as error:
        why = str(error).partition("\n")[0]
        if is_disk_full(error):
            return Reason.DISK_FULL, why
        return (Reason.DATABASE_READ_ONLY if _readable() else Reason.DATABASE_UNREACHABLE), why
    finally:
        connections["default"].close()
    return None, ""


@transaction.atomic
def _write() -> None:
    """A session is created and deleted: SQLite would not write an update without changes."""
    session = SessionStore()
    session.create()
    session.delete()


def _readable() -> bool:
    try:
        Upstream.objects.first()
    except (DatabaseError, InterfaceError):
        return False
    return True


watch = DatabaseWatch(sync_status)
