"""The anchor files of the decision log: ``DATA_DIR/decisions.anchor`` and the file of
``LOG_ANCHOR``, to which each machine appends the newest head.

A log that was cut off lacks the entry of a head in them, or has another one at its number. A file
that was removed is not created again until an operator declares the break (``declare``), so that
its absence is noticed.
"""

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connections, router
from django.utils import timezone
from django.utils.translation import gettext_noop

from inbox.audit import chain
from inbox.audit.problem import Problem
from inbox.lib import private_files
from inbox.models import Decision, DecisionHead

log = logging.getLogger(__name__)

FILE = "decisions.anchor"
NOTE = "decisions.json"
"""Earlier releases had this note in place of the file."""
EVERY = 1.0
"""The least seconds between two heads in a file."""
TAIL = 64 * 1024
"""The bytes at the end of a file in which the newest heads are looked for first."""


class Fault(StrEnum):
    NOT_WRITTEN = gettext_noop("%(file)s: %(error)s.")


@dataclass(frozen=True)
class Head:
    """``resealed``: an operator has declared a break, whose entry this is."""

    number: int
    hash: str
    resealed: bool = False


@dataclass(frozen=True)
class Failure:
    problem: Problem
    at: datetime


@dataclass(frozen=True)
class AnchorFile:
    """One of the files, for the database in use. One folder may serve several in turn.

    ``lock`` is held while a line is appended: in ``DATA_DIR``, since other disks may have no locks.
    """

    name: str
    path: Path
    lock: Path
    database: str

    def heads(self, *, whole: bool = True) -> Iterator[Head]:
        """Oldest first; without ``whole`` only the newest ones."""
        return heads(self.path, self.database, start=0 if whole else self._tail())

    def newest(self) -> Head | None:
        """None if the file is missing, or doesn't know the database."""
        return next(iter(deque(self.heads(whole=False), maxlen=1)), None)

    def append(self, head: Head, *, every: float = 0.0) -> None:
        """Append to a file that was begun, unless it has a newer head; not before ``every`` seconds
        after the last. Raises OSError.
        """
        with private_files.locked(self.lock):
            newest, age = self.newest(), time.time() - self.path.stat().st_mtime
            if newest is not None and newest.number < head.number:
                time.sleep(min(max(0.0, every - age), every))
                self._write(head)

    def begin(self, head: Head) -> None:
        """Append a head unless the file has one of this database. Raises OSError."""
        with private_files.locked(self.lock):
            if self.newest() is None:
                self._write(head)

    def declare(self, head: Head) -> None:
        """Raises OSError."""
        with private_files.locked(self.lock):
            self._write(head)

    def has_begun(self, copy: "AnchorFile") -> bool:
        record = {"database": self.database, "begun": str(copy.path)}
        return any(record.items() <= line.items() for line in _lines(self.path))

    def record_begun(self, copy: "AnchorFile") -> None:
        """Raises OSError."""
        with private_files.locked(self.lock):
            self._write_line(begun=str(copy.path))

    def _tail(self) -> int:
        """Near the end, unless there are no heads of this database."""
        size = self.path.stat().st_size if self.path.is_file() else 0
        start = max(0, size - TAIL)
        return start if any(heads(self.path, self.database, start=start)) else 0

    def _write(self, head: Head) -> None:
        fields = {"number": head.number, "hash": head.hash}
        self._write_line(head=fields, **({"resealed": True} if head.resealed else {}))

    def _write_line(self, **fields: Any) -> None:
        line = {"database": self.database, **fields, "at": timezone.now().isoformat()}
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, private_files.FILE)
        with os.fdopen(descriptor, "ab") as file:
            # A full disk may have cut off the line before.
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                file.write(b"\n")
            file.write(json.dumps(line).encode() + b"\n")


def heads(path: Path, database: str, *, start: int = 0) -> Iterator[Head]:
    """Includes the heads of an export, which names no database. Raises OSError."""
    for line in _lines(path, start):
        head = line.get("head")
        if isinstance(head, dict) and line.get("database", database) == database:
            try:
                yield Head(int(head["number"]), str(head["hash"]), line.get("resealed") is True)
            except (KeyError, TypeError, ValueError):
                continue  # It says nothing about the log; a file of such lines counts as missing.


def files() -> list[AnchorFile]:
    folder, database = settings.DATA_DIR, _database()
    found = [AnchorFile(FILE, folder / FILE, folder / f"{FILE}.lock", database)]
    if settings.LOG_ANCHOR:
        path = Path(settings.LOG_ANCHOR)
        found.append(AnchorFile(str(path), path, folder / "log-anchor.lock", database))
    return found


def begin() -> None:
    """Begin the machine's own file with the note of an earlier release, or with an empty log.

    Creating an account is logged, so if there are entries or accounts, a missing file was removed.
    """
    _copy_note()
    if not Decision.objects.exists() and not get_user_model().objects.exists():
        files()[0].begin(Head(0, chain.NOTHING))


def join(head: DecisionHead) -> None:
    """Begin a new machine's own file with the log as the machine finds it."""
    files()[0].begin(_of(head))


def declare(entry: Decision) -> None:
    """Raises OSError."""
    for file in files():
        file.declare(Head(entry.number, entry.hash, resealed=True))


class Appender:
    """Appends heads to each file from a thread of its own, which ends when there is no newer head.

    The threads are not daemons, so a command waits for them before it exits, and need no database.
    """

    def __init__(self) -> None:
        self.every = EVERY
        self.failures: dict[AnchorFile, Failure] = {}
        self._guard = threading.Lock()
        self._waiting: dict[AnchorFile, Head] = {}
        self._busy: set[AnchorFile] = set()
        self._begun: set[AnchorFile] = set()

    def head_moved(self, head: DecisionHead) -> None:
        """``head`` is committed."""
        for file in files():
            self._start(file, _of(head))

    def catch_up(self) -> None:
        """Append the newest head where another machine has entered it, the process that did has
        ended, or a file couldn't be written.
        """
        head = DecisionHead.objects.first()
        if head is not None:
            self.begin_copy(head)
            self.head_moved(head)

    def begin_copy(self, head: DecisionHead) -> None:
        """Begin the file of ``LOG_ANCHOR``, unless it had been begun and was removed."""
        own, *copies = files()
        for copy in copies:
            if copy in self._begun:
                continue
            try:
                if own.newest() is not None and not own.has_begun(copy):
                    copy.begin(_of(head))
                    own.record_begun(copy)
                    self._begun.add(copy)
            except OSError as error:
                self._fail(copy, error)

    def _start(self, file: AnchorFile, head: Head) -> None:
        with self._guard:
            waiting = self._waiting.get(file)
            if waiting is None or waiting.number < head.number:
                self._waiting[file] = head
            if file not in self._busy:
                self._busy.add(file)
                threading.Thread(target=self._append, args=(file,), name="log-anchor").start()

    def _append(self, file: AnchorFile) -> None:
        while True:
            with self._guard:
                head = self._waiting.pop(file, None)
                if head is None:
                    self._busy.discard(file)
                    return
            try:
                file.append(head, every=self.every)
            except OSError as error:
                self._fail(file, error)
            else:
                self.failures.pop(file, None)

    def _fail(self, file: AnchorFile, error: OSError) -> None:
        problem = Problem(
            Fault.NOT_WRITTEN, {"file": file.path, "error": error.strerror or str(error)}
        )
        before = self.failures.get(file)
        if before is None or before.problem != problem:
            log.error("The head of the decision log couldn't be appended to %s", problem)
        self.failures[file] = Failure(problem, before.at if before else timezone.now())


appender = Appender()


def _of(head: DecisionHead) -> Head:
    return Head(head.number, head.hash)


def _lines(path: Path, start: int = 0) -> Iterator[dict[str, Any]]:
    """Without a regular file there are none."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        if start:
            file.seek(start)
            file.readline()
        for text in file:
            try:
                line = json.loads(text)
            except ValueError:
                continue  # Cut off by a full disk, or damaged.
            if isinstance(line, dict):
                yield line


def _copy_note() -> None:
    note = settings.DATA_DIR / NOTE
    try:
        notes = json.loads(note.read_text())
    except FileNotFoundError:
        return
    except ValueError:
        log.warning("%s is damaged, so nothing could be copied from it.", note)
        return
    own = files()[0]
    for database, fields in notes.items():
        if fields.get("number") is not None:
            head = Head(fields["number"], fields["hash"] or chain.NOTHING)
            AnchorFile(own.name, own.path, own.lock, database).begin(head)
    note.unlink(missing_ok=True)


def _database() -> str:
    """Without password."""
    connection = connections[router.db_for_read(Decision)]
    options = connection.settings_dict
    if connection.vendor == "sqlite":
        path = Path(str(options["NAME"]))
        inside = path.is_relative_to(settings.DATA_DIR)
        return str(path.relative_to(settings.DATA_DIR) if inside else path)
    return f"{options['HOST']}:{options['PORT']}/{options['NAME']}"
