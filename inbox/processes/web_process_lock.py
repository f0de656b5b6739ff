"""Which web processes may share a database: on SQLite one, on PostgreSQL all but release 0.1.0."""

import asyncio
import logging
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.sqlite3.base import DatabaseWrapper

from inbox.lib import private_files
from inbox.lib.startup import StartRefused

log = logging.getLogger(__name__)

WAIT = 10.0
"""Seconds that a start waits for the previous process, so that a restart may overlap."""
RETRY_EVERY = 0.2
CHECK_EVERY = 10.0
KEY = 5_772_156_649
"""The key of PostgreSQL's advisory lock."""
IN_USE = (
    "Another web process is using this database. Stop it first. "
    "Several processes need PostgreSQL (DATABASE_URL)."
)
OLDER_RELEASE = (
    "A web process of an older release is using this database and can't share it. Stop it first."
)
NO_LISTEN = (
    "DATABASE_URL leads to PostgreSQL through a connection pooler in transaction mode, where "
    "LISTEN doesn't work. Point it at PostgreSQL itself or at a pooler in session mode."
)


class WebProcessLock:
    """A file lock on SQLite, a shared advisory lock on PostgreSQL. ``wait`` is in seconds."""

    def __init__(self, database: BaseDatabaseWrapper, *, wait: float = WAIT) -> None:
        self._database = database
        self._wait = wait
        self._lock = ExitStack()
        self._connection: psycopg.Connection | None = None

    def acquire(self) -> None:
        """Raises StartRefused after ``wait`` seconds."""
        until = time.monotonic() + self._wait
        while not self._try():
            if time.monotonic() > until:
                raise StartRefused(OLDER_RELEASE if self._is_postgresql else IN_USE)
            time.sleep(RETRY_EVERY)

    def release(self) -> None:
        """Safe to repeat."""
        self._lock.close()
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def check(self) -> None:
        """Take the lock again if its connection was closed. Raises StartRefused if another process
        was faster, and psycopg.Error.
        """
        if self._connection is None:
            return
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            self.acquire()

    async def keep(self) -> None:
        """End this process if another one has taken the lock."""
        while True:
            await asyncio.sleep(CHECK_EVERY)
            try:
                await asyncio.to_thread(self.check)
            except StartRefused as refused:
                log.critical("%s This process ends.", refused)
                signal.raise_signal(signal.SIGTERM)
            except psycopg.Error as error:
                log.warning("the lock of the web process could not be checked: %s", error)

    @property
    def _is_postgresql(self) -> bool:
        return self._database.vendor == "postgresql"

    def _try(self) -> bool:
        if self._is_postgresql:
            return self._try_postgresql()
        return self._try_sqlite()

    def _try_postgresql(self) -> bool:
        connection = psycopg.connect(**self._database.get_connection_params(), autocommit=True)
        row = connection.execute("SELECT pg_try_advisory_lock_shared(%s)", [KEY]).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._connection = connection
        return True

    def _try_sqlite(self) -> bool:
        if isinstance(self._database, DatabaseWrapper) and self._database.is_in_memory_db():
            return True
        name = self._database.settings_dict["NAME"]
        try:
            self._lock.enter_context(private_files.locked(Path(f"{name}.web.lock"), wait=False))
        except BlockingIOError:
            return False
        return True
