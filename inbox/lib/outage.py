import errno
import sqlite3
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, OperationalError

_READ_ONLY_TRANSACTION = "25006"
_DISK_FULL = "53100"
# The second: there is no space for the file with the index of the log, when the database is opened.
_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def is_outage(error: BaseException | None) -> bool:
    """The database is unreachable, read-only, full, damaged or without tables."""
    return any(
        isinstance(one, OperationalError | InterfaceError)
        or type(one) is DatabaseError
        or getattr(one, "sqlstate", "") == _READ_ONLY_TRANSACTION
        for one in _chain(error)
    )


def is_disk_full(error: BaseException | None) -> bool:
    return any(
        getattr(one, "sqlstate", "") == _DISK_FULL
        or getattr(one, "sqlite_errorcode", None) in _SQLITE_FULL
        or getattr(one, "errno", None) == errno.ENOSPC
        for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
