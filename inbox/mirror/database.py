"""Whether the database can be used, found out before somebody needs it."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.db import DatabaseError, InterfaceError, OperationalError, connections, transaction

from inbox.mirror.freshness import Reason, SyncStatus, sync_status
from inbox.models import Upstream

log = logging.getLogger(__name__)

EVERY = 5.0
"""Seconds between two checks while all is well."""
AFTER_FAILURE = 1.0
"""Seconds between two checks while the database cannot be used."""
PATIENCE = 8.0
"""Seconds that a check may take: longer than a connection that is refused or not to be had."""

_READ_ONLY_TRANSACTION = "25006"


def is_outage(error: BaseException | None) -> bool:
    """The database could not be used: unreachable, read-only, full, damaged, without its tables.

    Also where that is the reason for another error, as it is when a session cannot be saved.
    """
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
            return True
        if getattr(error, "sqlstate", "") == _READ_ONLY_TRANSACTION:
            return True
        error = error.__cause__ or error.__context__
    return False


class DatabaseWatch:
    """Reads the database every few seconds; after a failure it also writes, until that succeeds.

    Pages learn the result through ``sync_status``. ``failed``: something failed, and no write has
    succeeded since.
    """

    def __init__(
        self, sync_status: SyncStatus, *, every: float = EVERY, patience: float = PATIENCE
    ) -> None:
        self.failed = False
        self._patience = patience
        self._sync_status = sync_status
        self._every = every
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def suspect(self, error: BaseException | None) -> None:
        """Check now if ``error`` came from the database. May be called from any thread."""
        if self._loop is not None and is_outage(error):
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._suspect)

    def _suspect(self) -> None:
        self.failed = True
        self._wake.set()

    async def run(self) -> None:
        """Endless, until it is cancelled."""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        while True:
            self._wake.clear()
            problem, why = await self._checked()
            self.failed = bool(problem) or self._wake.is_set()
            self._note(problem, why)
            with suppress(TimeoutError):
                pause = AFTER_FAILURE if problem else self._every
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _checked(self) -> tuple[Reason | None, str]:
        """The result of a check, however long it takes; pages learn that it takes too long."""
        # In a thread of its own: the others may be waiting for the database.
        check = asyncio.ensure_future(
            sync_to_async(_check, thread_sensitive=False)(writing=self.failed)
        )
        try:
            await asyncio.wait({check}, timeout=self._patience)
            if not check.done():
                self._note(Reason.DATABASE_SILENT, f"nothing for {self._patience:g} s")
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
    """What is wrong with the database, None for nothing, and what the driver says."""
    try:
        Upstream.objects.first()
        if writing:
            _write()
    except (DatabaseError, InterfaceError) as error:
        why = str(error).partition("\n")[0]
        return (Reason.DATABASE_READ_ONLY if _readable() else Reason.DATABASE_UNREACHABLE), why
    finally:
        connections["default"].close()
    return None, ""


@transaction.atomic
def _write() -> None:
    """What signing in writes, and nothing that stays. An update that changes nothing would not do:
    SQLite does not write it.
    """
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
"""That of the process."""
