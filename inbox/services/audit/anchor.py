"""Sends new heads of the decision log to ``LOG_ANCHOR``, a file or a command outside the database.

This happens in the background after the commit, at most once a second, and only for the newest
head. Of several web processes, the leader does it; it takes turns with the management commands on
its machine.
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
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_noop

from inbox.live.bus import get_bus
from inbox.mirror.lease import leads
from inbox.models import DecisionHead
from inbox.services.audit import chain, entry_count
from inbox.services.problem import Problem
from reviewer_site import private_files

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two heads."""
LIMIT = 10.0
"""The most seconds that a command may take."""
TURN = "decision-anchor.lock"
CHANNEL = "decision heads"
SECRETS = (
    "SECRET_KEY",
    "CREDENTIAL_KEYS",
    "MOBIUS_API_KEY",
    "DATABASE_URL",
    "ENGINE_DATABASE_URL",
)
"""Settings that are removed from the command's environment."""


class Fault(StrEnum):
    """Kinds of ``Problem``: why ``LOG_ANCHOR`` did not receive a head."""

    NOT_WRITTEN = gettext_noop("%(target)s: %(error)s.")
    PARTLY_WRITTEN = gettext_noop("%(target)s: only part of the line was written.")
    STOPPED = gettext_noop("%(target)s was stopped after %(seconds)s seconds.")
    FAILED = gettext_noop("%(target)s ended with status %(status)s.")
    FAILED_SAYING = gettext_noop("%(target)s ended with status %(status)s: %(error)s.")


class NotAnchored(Exception):
    def __init__(self, kind: Fault, **facts: object) -> None:
        self.problem = Problem(kind, facts)
        super().__init__(self.problem)


@dataclass(frozen=True)
class Failure:
    """Why no head arrived, if that is known, and since when."""

    problem: Problem | None
    at: datetime | None


class Anchor:
    """Delivers heads to ``LOG_ANCHOR`` from a thread that ends when there is no new one. It is not
    a daemon thread, so a command waits for it before it exits.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._moved = False
        self._busy = False

    def head_moved(self) -> None:
        """Note that a new head is committed. The newest one is delivered soon."""
        if not settings.LOG_ANCHOR:
            return
        if not leads():
            get_bus().broadcast(CHANNEL)
            return
        with self._guard:
            self._moved = True
            if not self._busy:
                threading.Thread(target=self._deliver_all, name="log-anchor").start()
                self._busy = True

    def listen(self) -> None:
        """Deliver the heads of other processes too, while this one leads."""
        get_bus().on_broadcast(CHANNEL, lambda _: self.head_moved() if leads() else None)

    def catch_up(self) -> None:
        """Deliver a head that did not arrive because the process ended or the anchor failed."""
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
                log.exception("sending heads to LOG_ANCHOR failed")
            finally:
                connections.close_all()


anchor = Anchor()
"""The process's anchor."""


def failure() -> Failure | None:
    """Why the last head was not received; None if it was."""
    note = entry_count.read()
    if not settings.LOG_ANCHOR or not note.failed:
        return None
    problem = None
    # The note of an older version has a text here; the next attempt replaces it.
    if isinstance(note.failed, dict):
        problem = Problem(Fault[note.failed["kind"]], note.failed["facts"])
    return Failure(problem=problem, at=parse_datetime(note.failed_at))


def send(head: DecisionHead, *, limit: float = LIMIT) -> None:
    """Give the head to ``LOG_ANCHOR`` as a line of JSON; a command gets ``limit`` seconds. Raises
    ``NotAnchored``.
    """
    fields = {"head": chain.head_fields(head), "at": timezone.now().isoformat()}
    line = json.dumps(fields) + "\n"
    words = shlex.split(settings.LOG_ANCHOR)
    try:
        if is_command(words):
            _run(words, line, limit)
        else:
            _append(settings.BASE_DIR / words[0], line)
    except OSError as error:
        reason = error.strerror or error
        raise NotAnchored(Fault.NOT_WRITTEN, target=words[0], error=str(reason)) from None


def is_command(words: list[str]) -> bool:
    """Whether it is a command: several words, or the name of a program. Otherwise it is a file's
    path.
    """
    return len(words) > 1 or shutil.which(words[0]) is not None


def _deliver() -> None:
    """Deliver the newest head, holding the installation's lock until the next one may follow."""
    with private_files.locked(settings.DATA_DIR / TURN):
        began = time.monotonic()
        head = DecisionHead.objects.first()
        if head is None or head.hash == entry_count.read().anchored:
            return
        try:
            send(head)
        except NotAnchored as error:
            log.error("LOG_ANCHOR did not receive head %d: %s", head.number, error)
            failed = {"kind": error.problem.kind.name, "facts": error.problem.facts}
            entry_count.record_failed(failed, timezone.now().isoformat())
        else:
            entry_count.record_anchored(head)
        time.sleep(max(0.0, EVERY - (time.monotonic() - began)))


def _append(path: Path, line: str) -> None:
    # Without waiting: a named pipe without a reader would block the thread forever.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    try:
        if os.write(descriptor, line.encode()) < len(line):
            raise NotAnchored(Fault.PARTLY_WRITTEN, target=str(path))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run(words: list[str], line: str, limit: float) -> None:
    """Run the command with the line on its standard input, without a shell."""
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    # Files and not pipes: a grandchild that keeps a pipe open would hold us past the limit.
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as errors:
        stdin.write(line.encode())
        stdin.seek(0)
        process = subprocess.Popen(  # nosec B603 # noqa: S603 - the operator's own command
            words,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            cwd=settings.BASE_DIR,
            env=environment,
            start_new_session=True,
        )
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise NotAnchored(Fault.STOPPED, target=words[0], seconds=f"{limit:g}") from None
        if status != 0:
            errors.seek(0)
            first = errors.read(300).decode(errors="replace").strip().partition("\n")[0]
            facts = {"target": words[0], "status": status}
            if not first:
                raise NotAnchored(Fault.FAILED, **facts)
            raise NotAnchored(Fault.FAILED_SAYING, **facts, error=first.rstrip(". "))
