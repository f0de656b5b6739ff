"""One web process per database: two would both run the sync, and the pages of one would not be
updated on the other's changes.
"""

import asyncio
import fcntl
import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.services.installation import StartRefused
from reviewer_site.sqlite.writer import in_memory

log = logging.getLogger(__name__)

WAIT = 10.0
"""Seconds that a start waits for the previous process, so that a restart may overlap."""
RETRY_EVERY = 0.2
CHECK_EVERY = 10.0
KEY = 5_772_156_649
"""The key of PostgreSQL's advisory lock."""
IN_USE = (
    "Another web process is using this database. Stop it first. "
    "Several processes on one database are not supported yet."
)


class WebProcessLock:
    """On SQLite a lock on a file beside the database, on PostgreSQL an advisory lock on a
    connection outside the pool.

    Args:
        database: the connection whose database is locked; it is not used itself.
        wait: seconds that ``acquire`` waits for another process to end.
    """

    def __init__(self, database: BaseDatabaseWrapper, *, wait: float = WAIT) -> None:
        self._database = database
        self._wait = wait
        self._file: int | None = None
        self._connection: psycopg.Connection | None = None

    def acquire(self) -> None:
        """Raises StartRefused if another process still holds the lock after ``wait`` seconds."""
        until = time.monotonic() + self._wait
        while not self._try():
            if time.monotonic() > until:
                raise StartRefused(IN_USE)
            time.sleep(RETRY_EVERY)

    def release(self) -> None:
        """Release the lock. Safe to repeat."""
        if self._file is not None:
            os.close(self._file)
        if self._connection is not None:
            self._connection.close()
        self._file = self._connection = None

    def check(self) -> None:
        """Take the lock again if its connection was closed. Raises StartRefused if another process
        was faster, and psycopg.Error while the database is unavailable.
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
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._connection = connection
        return True

    def _try_sqlite(self, name: str) -> bool:
        if in_memory(name):
            return True
        descriptor = os.open(Path(f"{name}.web.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file = descriptor
            return True
        os.close(descriptor)
        return False
