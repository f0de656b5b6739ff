"""What a command needs before it can do its work."""

from django.conf import settings
from django.core.management.base import CommandError

from inbox.management import serving_note, tables
from inbox.services import installation


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
    tables.migrate("default")
    prepare()
    if not settings.ENVIRONMENT.PUBLIC_URL and settings.PORT == 0:
        # ``serve`` has noted the port that it got.
        note = serving_note.read(settings.DATA_DIR) or {}
        settings.PUBLIC_URL = note.get("web", settings.PUBLIC_URL)
