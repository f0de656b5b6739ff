"""The tables of a database, brought up to date before a start."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from reviewer_site import private_files

LOCK = 0x7265766965776572
"""Of PostgreSQL, held while tables are made: the bytes of a word that nobody else locks by."""
_SETTING = {"default": "DATABASE_URL", "engine": "ENGINE_DATABASE_URL"}


def bring_up_to_date(alias: str) -> None:
    """Migrate. Raises CommandError with one sentence where the database cannot be opened or
    written.
    """
    # Past the pool, which would say only that it has no connection.
    connection = connections[alias].copy()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        connection.close()
        raise _refusal(alias, "opened", error) from None
    try:
        with _alone(connection):
            call_command("migrate", database=alias, verbosity=0, interactive=False)
    except OperationalError as error:
        raise _refusal(alias, "brought up to date", error) from error
    finally:
        connection.close()


@contextmanager
def _alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait for others that do the same: a command may be run while the first start makes tables."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Held until the connection is closed.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            yield
        return
    private_files.make_folder(settings.DATA_DIR)
    path = settings.DATA_DIR / "tables.lock"
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private_files.FILE)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def _refusal(alias: str, what: str, error: DatabaseError) -> CommandError:
    # The first line says it; what follows is the driver's advice.
    why = str(error).partition("\n")[0]
    name = connections[alias].settings_dict["NAME"]
    return CommandError(f"{_SETTING[alias]}: the database {name} can't be {what}: {why}.")
