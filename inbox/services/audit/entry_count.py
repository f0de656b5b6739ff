"""How long the decision log is, noted outside the database: ``DATA_DIR/decisions.json``.

It is begun before the first account is made, and written after each commit, so it may be behind the
log, never ahead of it. A log that was cut off is shorter than the note, or has another entry in
that place. The note of such a log is kept as it is until the break is declared
(``decision_reseal``); one that is missing stays missing until then.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, router

from inbox.models import Decision, DecisionHead
from reviewer_site import private_files

FILE = "decisions.json"


@dataclass(frozen=True)
class Note:
    """``number`` and ``hash`` of the newest entry that was noted; ``number`` is 0 before the first
    entry, and None where the note is missing. ``anchored`` is the hash of the
    last head that ``LOG_ANCHOR`` received, ``failed`` why it did not receive the one after, and
    ``failed_at`` since when (ISO 8601).
    """

    number: int | None = None
    hash: str = ""
    anchored: str = ""
    failed: str = ""
    failed_at: str = ""


def read() -> Note:
    """The note of this database. Its ``number`` is None where it is missing, or cannot be read."""
    return _read_all().get(_database(), Note())


def begin() -> None:
    """Note an empty log, unless it is noted already or there are accounts: making those is logged,
    so a note from before them has been removed.
    """
    with _changing() as notes:
        note = notes.get(_database(), Note())
        if note.number is None and holds(note):
            notes[_database()] = replace(note, number=0)


def advance(head: DecisionHead) -> None:
    """Note ``head``, which is committed, unless a newer one is noted or the log does not hold the
    entry that is.
    """
    with _changing() as notes:
        note = notes.get(_database(), Note())
        if note.number is not None and note.number < head.number and holds(note):
            notes[_database()] = replace(note, number=head.number, hash=head.hash)


def reset(head: DecisionHead) -> None:
    """Note ``head`` whatever was noted before: the break is declared."""
    with _changing() as notes:
        notes[_database()] = Note(number=head.number, hash=head.hash)


def note_anchored(head: DecisionHead) -> None:
    """``LOG_ANCHOR`` received the head."""
    with _changing() as notes:
        note = notes.get(_database(), Note())
        notes[_database()] = replace(note, anchored=head.hash, failed="", failed_at="")


def note_failed(why: str, at: str) -> None:
    """``LOG_ANCHOR`` did not receive a head."""
    with _changing() as notes:
        note = notes.get(_database(), Note())
        notes[_database()] = replace(note, failed=why, failed_at=note.failed_at or at)


def holds(note: Note) -> bool:
    """The log has the entry that was noted. Only that of a new installation may be missing."""
    if note.number is None:
        return not Decision.objects.exists() and not get_user_model().objects.exists()
    if note.number == 0:
        return True
    return Decision.objects.filter(number=note.number, hash=note.hash).exists()


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold ``DATA_DIR/name`` against other threads and processes."""
    private_files.make_folder(settings.DATA_DIR)
    held = os.open(settings.DATA_DIR / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


@contextmanager
def _changing() -> Iterator[dict[str, Note]]:
    """All notes, written back together where one of them changed."""
    with locked(f"{FILE}.lock"):
        before = _read_all()
        notes = dict(before)
        yield notes
        if notes != before:
            text = json.dumps({name: asdict(note) for name, note in notes.items()}, indent=2)
            private_files.write(settings.DATA_DIR / FILE, text + "\n")


def _read_all() -> dict[str, Note]:
    try:
        kept = json.loads((settings.DATA_DIR / FILE).read_text())
        return {name: Note(**fields) for name, fields in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _database() -> str:
    """Its address without a password: one folder may serve several databases in turn."""
    connection = connections[router.db_for_read(Decision)]
    named = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(str(named["NAME"]))
        inside = path.is_relative_to(settings.DATA_DIR)
        return str(path.relative_to(settings.DATA_DIR) if inside else path)
    return f"{named['HOST']}:{named['PORT']}/{named['NAME']}"
