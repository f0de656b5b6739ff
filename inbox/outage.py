"""Which errors mean that the database can't be used."""

from django.db import DatabaseError, InterfaceError, OperationalError

_READ_ONLY_TRANSACTION = "25006"


def is_outage(error: BaseException | None) -> bool:
    """Whether the error, or one of its causes, means that the database can't be used: unreachable,
    read-only, full, damaged, without tables.
    """
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
            return True
        if getattr(error, "sqlstate", "") == _READ_ONLY_TRANSACTION:
            return True
        error = error.__cause__ or error.__context__
    return False
