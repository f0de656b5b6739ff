"""Which web processes may use a database together.

On SQLite there is one: a second would run the sync too, and the pages of one would not be updated
on the other's changes. On PostgreSQL they share changes by ``LISTEN``. Where that doesn't work, and
for releases that don't know of it, there is one as well.
"""

import asyncio
import logging
import signal
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.live.dedicated_connection import DedicatedConnection
from inbox.mirror.lease import ALONE, SyncLease
from inbox.services.installation import StartRefused
from reviewer_site import private_files
from reviewer_site.sqlite.writer import in_memory

log = logging.getLogger(__name__)

WAIT = 10.0
"""Seconds that a start waits for the previous process, so that a restart may overlap."""
POOLED_WAIT = 12.0
"""The same behind a pooler, where a process that was killed keeps the lock for ten seconds."""
RENEW_EVERY = 3.0
RETRY_EVERY = 0.2
CHECK_EVERY = 10.0
KEY = 5_772_156_649
"""The key of PostgreSQL's advisory lock."""
IN_USE = (
    "Another web process is using this database. Stop it first. "
    "Several processes need PostgreSQL (DATABASE_URL)."
)
NO_LISTEN = (
    "Several processes need LISTEN, which doesn't work on the connections of DATABASE_URL. "
    "Point it at PostgreSQL itself or at a pooler in session mode."
)
POOLED = f"Another web process is using this database. {NO_LISTEN}"
ALONE_RUNS = (
    "A web process that can't share this database is using it: one of an older release, or one "
    "whose DATABASE_URL goes through a transaction pooler. Stop it first."
)


class PooledLock:
    """The lock behind a pooler that gives each transaction another session: a lease, which needs no
    session of its own.
    """

    def __init__(self, *, wait: float = POOLED_WAIT) -> None:
        self._wait = wait
        self._connection = DedicatedConnection()
        self._lease = SyncLease(self._connection, name=ALONE, by_session=False)

    async def acquire(self) -> None:
        """Raises StartRefused if another process runs and doesn't end within ``wait`` seconds."""
        self._connection.start()
        until = time.monotonic() + self._wait
        while await _runs(SyncLease(self._connection)) or not await self._lease.take():
            if time.monotonic() > until:
                await self._connection.stop()
                raise StartRefused(POOLED)
            await asyncio.sleep(RETRY_EVERY)

    async def keep(self) -> None:
        """Renew the lease, and end this process if another one has taken it."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                if not await self._lease.renew({}):
                    log.critical("%s This process ends.", POOLED)
                    signal.raise_signal(signal.SIGTERM)
            except OperationalError as error:
                log.warning("the lock of the web process could not be renewed", exc_info=error)

    async def release(self) -> None:
        """Let another process start."""
        with suppress(OperationalError):
            await self._lease.release()
        await self._connection.stop()


async def require_shared(connection: DedicatedConnection) -> None:
    """Raises StartRefused if a process behind a pooler runs, which can't share the database."""
    if await _runs(SyncLease(connection, name=ALONE, by_session=False)):
        raise StartRefused(ALONE_RUNS)


async def _runs(lease: SyncLease) -> bool:
    state = await lease.look()
    return state is not None and state.led


class WebProcessLock:
    """On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock on a
    connection outside the pool.

    Args:
        database: the connection whose database is locked; it is not used itself.
        wait: seconds that ``acquire`` waits for another process to end.
        shared: whether other processes may have the lock too, if they share it as well.
    """

    def __init__(
        self, database: BaseDatabaseWrapper, *, wait: float = WAIT, shared: bool = False
    ) -> None:
        self._database = database
        self._wait = wait
        self._shared = shared
        self._lock = ExitStack()
        self._connection: psycopg.Connection | None = None

    def acquire(self) -> None:
        """Raises StartRefused if another process still holds the lock after ``wait`` seconds."""
        until = time.monotonic() + self._wait
        while not self._try():
            if time.monotonic() > until:
                raise StartRefused(ALONE_RUNS if self._shared else IN_USE)
            time.sleep(RETRY_EVERY)

    def release(self) -> None:
        """Release the lock. Safe to repeat."""
        self._lock.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def check(self) -> None:
        """Take the lock again if its connection was closed.

        Raises StartRefused if another process was faster, and psycopg.Error while the database is
        unavailable.
        """
        if self._connection is None:
            return
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            self.acquire()

    async def keep(self) -> None:
        """Check the lock regularly, and end this process if another one has taken it."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            try:
                await asyncio.to_thread(self.check)
            except StartRefused as refused:
                log.critical("%s This process ends.", refused)
                signal.raise_signal(signal.SIGTERM)
            except psycopg.Error as error:
                log.warning("the lock of the web process could not be checked: %s", error)

    def _try(self) -> bool:
        if self._database.vendor == "postgresql":
            return self._try_postgresql()
        return self._try_sqlite(str(self._database.settings_dict["NAME"]))

    def _try_postgresql(self) -> bool:
        connection = psycopg.connect(**self._database.get_connection_params(), autocommit=True)
        lock = "pg_try_advisory_lock_shared" if self._shared else "pg_try_advisory_lock"
        row = connection.execute(f"SELECT {lock}(%s)".encode(), [KEY]).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._connection = connection
        return True

    def _try_sqlite(self, name: str) -> bool:
        if in_memory(name):
            return True
        try:
            self._lock.enter_context(private_files.locked(Path(f"{name}.web.lock"), wait=False))
        except BlockingIOError:
            return False
        return True
