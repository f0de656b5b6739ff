"""New heads of the decision log go to ``LOG_ANCHOR``: a file or a command out of the database's
reach.

In the background after the commit, at most once a second, and then the newest head only. Several
processes of an installation take turns.
"""

import json
import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.models import DecisionHead
from inbox.services.audit import chain, entry_count

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two heads."""
LIMIT = 10.0
"""Seconds that a command may take."""
TURN = "decision-anchor.lock"
SECRETS = (
    "SECRET_KEY",
    "CREDENTIAL_KEYS",
    "MOBIUS_API_KEY",
    "DATABASE_URL",
    "ENGINE_DATABASE_URL",
)
"""Settings that the command does not inherit."""


class NotAnchored(Exception):
    """The head was not received; ``str()`` of it says why."""


@dataclass(frozen=True)
class Failure:
    """Why no head arrived, and since when."""

    why: str
    at: datetime | None


class Anchor:
    """Hands the head to ``LOG_ANCHOR`` from a thread that lives as long as there is a new one. It
    is no daemon, so a command that has ended its work waits for it.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._moved = False
        self._busy = False

    def head_moved(self) -> None:
        """A new head is committed: deliver soon what is the newest by then."""
        if not settings.LOG_ANCHOR:
            return
        with self._guard:
            self._moved = True
            if not self._busy:
                threading.Thread(target=self._deliver_all, name="log-anchor").start()
                self._busy = True

    def catch_up(self) -> None:
        """Deliver a head that did not arrive: the process ended before, or the anchor failed."""
        if not settings.LOG_ANCHOR:
            return
        head = DecisionHead.objects.first()
        if head is not None and head.hash != entry_count.read().anchored:
            self.head_moved()

    def _deliver_all(self) -> None:
        while True:
            with self._guard:
                if not self._moved:
                    self._busy = False
                    return
                self._moved = False
            try:
                _deliver()
            except (OSError, DatabaseError):
                log.exception("LOG_ANCHOR was not served")
            finally:
                connections.close_all()


anchor = Anchor()


def failure() -> Failure | None:
    """Why the last head was not received; None where it was."""
    note = entry_count.read()
    if not settings.LOG_ANCHOR or not note.failed:
        return None
    return Failure(why=note.failed, at=parse_datetime(note.failed_at))


def send(head: DecisionHead, *, limit: float = LIMIT) -> None:
    """Give the head to ``LOG_ANCHOR`` as a line of JSON; a command gets ``limit`` seconds. Raises
    ``NotAnchored``.
    """
    said = {"head": chain.head_fields(head), "at": timezone.now().isoformat()}
    line = json.dumps(said) + "\n"
    words = shlex.split(settings.LOG_ANCHOR)
    try:
        if is_command(words):
            _run(words, line, limit)
        else:
            _append(settings.BASE_DIR / words[0], line)
    except OSError as error:
        raise NotAnchored(f"{words[0]}: {error.strerror or error}") from None


def is_command(words: list[str]) -> bool:
    """Several words, or the name of a program; else it is the path of a file."""
    return len(words) > 1 or shutil.which(words[0]) is not None


def _deliver() -> None:
    """The newest head, in this installation's turn, which lasts until the next one may follow."""
    with entry_count.locked(TURN):
        began = time.monotonic()
        head = DecisionHead.objects.first()
        if head is None or head.hash == entry_count.read().anchored:
            return
        try:
            send(head)
        except NotAnchored as error:
            log.error("LOG_ANCHOR did not receive head %d: %s", head.number, error)
            entry_count.note_failed(str(error), timezone.now().isoformat())
        else:
            entry_count.note_anchored(head)
        time.sleep(max(0.0, EVERY - (time.monotonic() - began)))


def _append(path: Path, line: str) -> None:
    # Without waiting: a named pipe that nobody reads would hold the thread for ever.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
    held = os.open(path, flags, 0o600)
    try:
        if os.write(held, line.encode()) < len(line):
            raise OSError("only a part was written")
        os.fsync(held)
    finally:
        os.close(held)


def _run(words: list[str], line: str, limit: float) -> None:
    """Run the command with the line on its standard input, without a shell."""
    given = {name: value for name, value in os.environ.items() if name not in SECRETS}
    # Files and not pipes: a grandchild that keeps a pipe open would hold us past the limit.
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        told.write(line.encode())
        told.seek(0)
        process = subprocess.Popen(  # noqa: S603 - the operator's own command
            words,
            stdin=told,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=settings.BASE_DIR,
            env=given,
            start_new_session=True,
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise NotAnchored(f"{words[0]}: stopped after {limit:g} s") from None
        if status != 0:
            errors.seek(0)
            first = errors.read(300).decode(errors="replace").strip().partition("\n")[0]
            raise NotAnchored(f"{words[0]}: ended with status {status}. {first}".rstrip(". "))
