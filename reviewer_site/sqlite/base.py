"""The backend: the writer lock is taken at BEGIN and around each write outside a transaction.

It blocks, so it belongs to worker threads; Django itself refuses database work on an event loop.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base

from reviewer_site import private_files
from reviewer_site.sqlite.writer import WriterLock, in_memory, lock_for

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "VACUUM", "REINDEX")


def _make_private(path: Path) -> None:
    """Create the file, and ``DATA_DIR`` where it belongs there. What cannot be made is reported by
    the connection.
    """
    with suppress(OSError):
        if path.parent == settings.DATA_DIR:
            private_files.make_folder(path.parent)
        if not path.exists():
            private_files.make_file(path)


def _identity(name: str) -> tuple[int, int] | None:
    """What tells the file from another one of that name; None for a database in memory."""
    try:
        status = os.stat(name)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Cursor(base.SQLiteCursorWrapper):
    """Takes the writer lock for the length of a write that is its own transaction."""

    writer: "DatabaseWrapper"

    def execute(self, query: Any, params: Any = None) -> Any:
        """One statement, in its turn."""
        with self.writer.turn_for(query):
            return super().execute(query, params)

    def executemany(self, query: Any, param_list: Any) -> Any:
        """One statement many times, in one turn."""
        with self.writer.turn_for(query):
            return super().executemany(query, param_list)


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. ``_holds`` says whether it is the writer now, ``_file`` what it has open."""

    _holds: WriterLock | None = None
    _file: tuple[int, int] | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        """Open the file; a new one is readable by its owner alone, and so are SQLite's own files
        beside it, which take its mode.
        """
        name = str(self.settings_dict["NAME"])
        if not in_memory(name):
            _make_private(Path(name))
        made = super().get_new_connection(conn_params)
        self._file = _identity(name)
        return made

    def is_usable(self) -> bool:
        """Whether the file is still the one that was opened. SQLite goes on reading one that has
        been removed or replaced.
        """
        return _identity(str(self.settings_dict["NAME"])) == self._file

    def create_cursor(self, name: str | None = None) -> Cursor:
        """A cursor that knows its connection."""
        cursor = self.connection.cursor(factory=Cursor)
        cursor.writer = self
        return cursor

    @contextmanager
    def turn_for(self, query: Any) -> Iterator[None]:
        """The writer's turn for one statement, where it writes and no transaction is open."""
        if self._holds or not str(query).lstrip().upper().startswith(_WRITES):
            yield
            return
        self._take()
        try:
            yield
        finally:
            self._give_back()

    def _start_transaction_under_autocommit(self) -> None:
        self._take()
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            # Whatever ended it, also a cancellation: others must get their turn, and a connection
            # whose BEGIN timed out is not used again.
            self._give_back()
            self.close()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._give_back()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._give_back()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._give_back()

    def _take(self) -> None:
        lock = lock_for(str(self.settings_dict["NAME"]))
        if lock is not None and self._holds is None:
            lock.acquire()
            self._holds = lock

    def _give_back(self) -> None:
        if self._holds is not None:
            lock, self._holds = self._holds, None
            lock.release()
