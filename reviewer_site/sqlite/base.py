"""Takes the writer lock at BEGIN and around each write outside a transaction. It blocks, so it must
run in worker threads.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base

from inbox.lib import private_files
from reviewer_site.sqlite.writer import WriterLock, in_memory, lock_for

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "VACUUM", "REINDEX")


def _make_private(path: Path) -> None:
    """Opening the connection reports any failure."""
    with suppress(OSError):
        if path.parent == settings.DATA_DIR:
            private_files.make_folder(path.parent)
        if not path.exists():
            private_files.make_file(path)


def _identity(name: str) -> tuple[int, int] | None:
    """Device and inode; None for a database in memory."""
    try:
        status = os.stat(name)
    except OSError:
        return None
    return status.st_dev, status.st_ino


@lru_cache(maxsize=256)
def _with_question_marks(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")


class Cursor(base.SQLiteCursorWrapper):
    """Converts the placeholders of each statement once: some have thousands."""

    writer: "DatabaseWrapper"

    def execute(self, query: Any, params: Any = None) -> Any:
        with self.writer.turn_for(query):
            return super().execute(query, params)

    def executemany(self, query: Any, param_list: Any) -> Any:
        with self.writer.turn_for(query):
            return super().executemany(query, param_list)

    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> str:
        if param_names is None:
            return _with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))


class DatabaseWrapper(base.DatabaseWrapper):
    """``_holds`` is the lock while this is the writer, ``_file`` the open file."""

    _holds: WriterLock | None = None
    _file: tuple[int, int] | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        """A new file is readable by its owner only, and so are SQLite's files beside it, which get
        its mode.
        """
        name = str(self.settings_dict["NAME"])
        if not in_memory(name):
            _make_private(Path(name))
        # Before it is opened: a file that is replaced meanwhile then counts as another one.
        self._file = _identity(name)
        return super().get_new_connection(conn_params)

    def is_usable(self) -> bool:
        """SQLite itself does not notice that its file was removed or replaced."""
        return _identity(str(self.settings_dict["NAME"])) == self._file

    def create_cursor(self, name: str | None = None) -> Cursor:
        cursor = self.connection.cursor(factory=Cursor)
        cursor.writer = self
        return cursor

    @contextmanager
    def turn_for(self, query: Any) -> Iterator[None]:
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
            # After any error, even a cancellation, others must get their turn; a connection whose
            # BEGIN timed out is not used again.
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
