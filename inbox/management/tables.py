"""Migrating a database before a start."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.services import installation
from reviewer_site import private_files

LOCK_KEY = 0x7265766965776572
"""Key of PostgreSQL's advisory lock for migrating: the bytes of "reviewer"."""
_SETTING = {"default": "DATABASE_URL", "engine": "ENGINE_DATABASE_URL"}


def migrate(alias: str) -> None:
    """Raises CommandError with one sentence if the database can't be opened or written."""
    # The engine's database has no tables of other apps, whose migrations take seconds.
    labels = ["engine"] if alias == "engine" else []
    with _opened(alias) as connection:
        try:
            with _migration_lock(connection):
                call_command("migrate", *labels, database=alias, verbosity=0, interactive=False)
        except OperationalError as error:
            raise _refusal(alias, "brought up to date", error) from error


def require_migrations() -> None:
    """Raises CommandError with one sentence if one is missing or the database can't be opened."""
    with _opened("default"):
        if not installation.is_migrated():
            raise CommandError("Migrations are missing. Run python manage.py migrate first.")


@contextmanager
def _opened(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection without the pool, whose error would only say that it has no connection."""
    connection = connections[alias].copy()
    connection.settings_dict["OPTIONS"].pop("pool", None)
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        connection.close()
        raise _refusal(alias, "opened", error) from None
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _migration_lock(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Wait for other migrations: a command may be run while the first start creates the tables."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Held until the connection is closed.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            yield
        return
    with private_files.locked(settings.DATA_DIR / "tables.lock"):
        yield


def _refusal(alias: str, action: str, error: DatabaseError) -> CommandError:
    # The lines after the first are the driver's advice.
    why = str(error).partition("\n")[0]
    name = connections[alias].settings_dict["NAME"]
    return CommandError(f"{_SETTING[alias]}: the database {name} can't be {action}: {why}.")
