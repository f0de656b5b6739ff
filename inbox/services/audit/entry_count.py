"""The length of the decision log, noted outside the database: ``DATA_DIR/decisions.json``.

The note is created before the first account, or when another machine joins, and written after each
commit of a process on the machine and after each verification. So it may be behind the log but
never ahead. A log that was cut off is shorter than its note, or has another entry at that
number. The note of such a log stays as it is until an operator declares the break
(``reseal_decisions``), and so does a missing one.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, router

from inbox.models import Decision, DecisionHead
from reviewer_site import private_files

FILE = "decisions.json"


@dataclass(frozen=True)
class Note:
    """What was noted about a log.

    Attributes:
        number: of the newest entry; 0 before the first, None if the note is missing.
        hash: of that entry.
        anchored: hash of the last head that ``LOG_ANCHOR`` received.
        failed: the name and facts of the ``anchor.Fault`` of the next one; empty if it arrived.
        failed_at: since when, in ISO 8601.
    """

    number: int | None = None
    hash: str = ""
    anchored: str = ""
    failed: dict[str, Any] | str = ""
    failed_at: str = ""


def read() -> Note:
    """The note of this database. Its ``number`` is None if it is missing or unreadable."""
    return _read_all().get(_database(), Note())


def begin() -> None:
    """Note an empty log, unless there is a note or an account. Creating an account is logged, so if
    there are accounts, a missing note was removed.
    """

    def change(note: Note) -> Note:
        return replace(note, number=0) if note.number is None and holds(note) else note

    _change(change)


def join(head: DecisionHead) -> None:
    """Note the present ``head`` in a folder without a note: a new machine begins with the log as it
    finds it.
    """

    def change(note: Note) -> Note:
        return replace(note, number=head.number, hash=head.hash) if note.number is None else note

    _change(change)


def advance(head: DecisionHead) -> None:
    """Note a committed ``head``, unless a newer one is noted or the log lacks the noted entry."""

    def change(note: Note) -> Note:
        newer = note.number is not None and note.number < head.number and holds(note)
        return replace(note, number=head.number, hash=head.hash) if newer else note

    _change(change)


def reset(head: DecisionHead) -> None:
    """Note ``head`` whatever was noted before, after an operator has declared a break."""
    _change(lambda _: Note(number=head.number, hash=head.hash))


def record_anchored(head: DecisionHead) -> None:
    _change(lambda note: replace(note, anchored=head.hash, failed="", failed_at=""))


def record_failed(failed: dict[str, Any], at: str) -> None:
    _change(lambda note: replace(note, failed=failed, failed_at=note.failed_at or at))


def holds(note: Note) -> bool:
    """Whether the log has the noted entry. Only a new installation may be without a note."""
    if note.number is None:
        return not Decision.objects.exists() and not get_user_model().objects.exists()
    if note.number == 0:
        return True
    return Decision.objects.filter(number=note.number, hash=note.hash).exists()


def _change(change: Callable[[Note], Note]) -> None:
    """Replace the note of this database by what ``change`` makes of it."""
    with private_files.locked(settings.DATA_DIR / f"{FILE}.lock"):
        notes = _read_all()
        before = notes.get(_database(), Note())
        after = change(before)
        if after != before:
            notes[_database()] = after
            text = json.dumps({name: asdict(note) for name, note in notes.items()}, indent=2)
            private_files.write(settings.DATA_DIR / FILE, text + "\n")


def _read_all() -> dict[str, Note]:
    try:
        notes = json.loads((settings.DATA_DIR / FILE).read_text())
        return {name: Note(**fields) for name, fields in notes.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _database() -> str:
    """The database's address without password. One folder may serve several databases in turn."""
    connection = connections[router.db_for_read(Decision)]
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(str(options["NAME"]))
        inside = path.is_relative_to(settings.DATA_DIR)
        return str(path.relative_to(settings.DATA_DIR) if inside else path)
    return f"{options['HOST']}:{options['PORT']}/{options['NAME']}"
