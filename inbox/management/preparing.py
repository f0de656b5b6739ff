import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from inbox.lib import private_files
from inbox.lib.outage import is_disk_full, is_outage
from inbox.lib.startup import StartRefused
from inbox.management import serving_note
from inbox.upstream import installation

LOCK_KEY = 0x7265766965776572
"""Key of PostgreSQL's advisory lock for migrating: the bytes of "reviewer"."""
WAIT_BETWEEN = 1.0
"""Seconds between two attempts to open the database."""
_SETTING = {"default": "DATABASE_URL", "engine": "ENGINE_DATABASE_URL"}


def prepare() -> None:
    """Raises CommandError."""
    try:
        installation.prepare()
    except StartRefused as refused:
        raise CommandError(str(refused)) from None


def find_engine() -> None:
    if settings.EMBEDDED:
        note = serving_note.read(settings.DATA_DIR) or {}
        settings.MOBIUS_BASE_URL = note.get("engine", settings.MOBIUS_BASE_URL)


def make_ready() -> None:
    """A command works before the first start. Raises CommandError."""
    migrate("default")
    prepare()
    if not settings.ENVIRONMENT.PUBLIC_URL and settings.PORT == 0:
        # ``serve`` has noted the port that it got.
        note = serving_note.read(settings.DATA_DIR) or {}
        settings.PUBLIC_URL = note.get("web", settings.PUBLIC_URL)


def migrate(alias: str) -> None:
    """Raises CommandError if the database can't be opened or written."""
    # The engine's database has no tables of other apps, whose migrations take seconds.
    labels = ["engine"] if alias == "engine" else []
    with _opened(alias) as connection:
        try:
            with _migration_lock(connection):
                call_command("migrate", *labels, database=alias, verbosity=0, interactive=False)
        except OperationalError as error:
            raise _refusal(alias, "brought up to date", error) from error


def require_migrations() -> None:
    """Raises CommandError."""
    with _opened("default"):
        if not installation.is_migrated():
            raise CommandError(
                "Some migrations haven't been applied. Run python manage.py migrate first."
            )


def wait_for_database(seconds: float, say: Callable[[str], object]) -> None:
    """Raises CommandError after ``seconds``."""
    until = time.monotonic() + seconds
    waiting = False
    while True:
        try:
            with _opened("default"):
                return
        except CommandError:
            if time.monotonic() > until:
                raise
        if not waiting:
            say(f"Waiting up to {seconds:g} s for the database.")
            waiting = True
        time.sleep(WAIT_BETWEEN)


def reason_of_outage(error: BaseException) -> str:
    """Empty unless the database can't be used or a disk is full."""
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}." if is_disk_full(error) else ""
    if not (isinstance(error, DatabaseError | InterfaceError) and is_outage(error)):
        return ""
    try:
        with _opened("default"):
            return str(_refusal("default", "used", error))
    except CommandError as refused:
        return str(refused)


@contextmanager
def _opened(alias: str) -> Iterator[BaseDatabaseWrapper]:
    """Without the pool, whose error would only say that it has no connection."""
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
    """A command may be run while the first start creates the tables."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # Held until the connection is closed.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
            yield
        return
    with private_files.locked(settings.DATA_DIR / "tables.lock"):
        yield


def _refusal(alias: str, action: str, error: DatabaseError | InterfaceError) -> CommandError:
    # The lines after the first are the driver's advice.
    why = "its disk is full" if is_disk_full(error) else str(error).partition("\n")[0]
    name = connections[alias].settings_dict["NAME"]
    return CommandError(f"{_SETTING[alias]}: the database {name} can't be {action}: {why}.")
