"""What a command needs before it can do its work: tables, keys, the addresses of what runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.management import serving_note
from inbox.services import installation
from reviewer_site import private_files

LOCK_KEY = 0x7265766965776572
"""Key of PostgreSQL's advisory lock for migrating: the bytes of "reviewer"."""
_SETTING = {"default": "DATABASE_URL", "engine": "ENGINE_DATABASE_URL"}


def prepare() -> None:
    """``installation.prepare``. Raises CommandError with one sentence."""
    try:
        installation.prepare()
    except installation.StartRefused as refused:
        raise CommandError(str(refused)) from None


def find_engine() -> None:
    """Set the address at which ``serve`` has started the embedded engine."""
    if settings.EMBEDDED:
        note = serving_note.read(settings.DATA_DIR) or {}
        settings.MOBIUS_BASE_URL = note.get("engine", settings.MOBIUS_BASE_URL)


def make_ready() -> None:
    """Create missing tables and secrets, so that a command works before the first start. Raises
    CommandError with one sentence.
    """
    migrate("default")
    prepare()
    if not settings.ENVIRONMENT.PUBLIC_URL and settings.PORT == 0:
        # ``serve`` has noted the port that it got.
        note = serving_note.read(settings.DATA_DIR) or {}
        settings.PUBLIC_URL = note.get("web", settings.PUBLIC_URL)


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
            raise CommandError(
                "Some migrations haven't been applied. Run python manage.py migrate first."
            )


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
