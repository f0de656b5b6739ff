"""How the decision log stands, for its page: looked through in the background, part by part."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inbox.models import Decision, DecisionHead
from inbox.services.audit import cross_check, entry_count
from inbox.services.audit.verify import Link, Verdict, compare, follow, judge, misfit, up_to, verify
from inbox.services.problem import Problem

log = logging.getLogger(__name__)

AT_ONCE = 500
"""Entries that a page looks through while somebody waits for it."""
PART = 20_000
"""Entries that one round of the patrol looks through, about a second's work."""


@dataclass(frozen=True)
class Inspection:
    """A verdict, and when it was reached; None while no round has come to the end yet."""

    verdict: Verdict
    at: datetime | None


class Patrol:
    """Walks the log from its first entry to its head, again and again, ``part`` at a time."""

    def __init__(self, *, part: int = PART) -> None:
        self._part = part
        self._turn = threading.Lock()
        self._head: DecisionHead | None = None
        self._link = Link()
        self._reported: Problem | None = None
        self.last: Inspection | None = None

    def report(self, verdict: Verdict) -> None:
        """Put a log that is not intact into the server's log; the same problem once."""
        if verdict.problem and verdict.problem != self._reported:
            log.error("The decision log is not intact: %s", verdict.problem)
        self._reported = verdict.problem

    def walk(self) -> None:
        """One part; a log that is shorter, to its end."""
        with self._turn:
            self._head = self._head or DecisionHead.objects.first()
            if self._head is None:
                self._end(verify())
                return
            until = min(self._head.number, self._link.number + self._part)
            rows = Decision.objects.as_stored().filter(
                number__gt=self._link.number, number__lte=until
            )
            link, broken = follow(rows.order_by("number").iterator(chunk_size=1000), self._link)
            if broken is None and link.number == until < self._head.number:
                self._link = link
                return
            link, broken = up_to(self._head, link) if broken is None else (link, broken)
            self._end(broken or compare(Verdict(link.number), entry_count.read()))

    def _end(self, verdict: Verdict) -> None:
        self.last = Inspection(verdict, timezone.now())
        self._head, self._link = None, Link()
        self.report(verdict)


patrol = Patrol()


def inspect(shown: Iterable[Decision] = ()) -> Inspection:
    """How the log stands: a short one as of now, a long one as of the last patrol and its end.

    Entries that are ``shown`` are each looked at now.
    """
    for row in shown:
        broken = misfit(row)
        if broken is not None:
            return Inspection(broken, timezone.now())
    head = DecisionHead.objects.first()
    if head is None or head.number <= AT_ONCE:
        return Inspection(verify(), timezone.now())
    last = Decision.objects.order_by("-number").values_list("number", "hash").first()
    broken = judge(head, Link(*last) if last else Link())
    # Somebody may have appended between the two readings.
    if broken is not None and not DecisionHead.objects.filter(number__gt=head.number).exists():
        return Inspection(broken, timezone.now())
    missing = cross_check.beyond(entry_count.read())
    if missing is not None:
        return Inspection(Verdict(head.number, missing), timezone.now())
    if patrol.last is not None and not patrol.last.verdict.intact:
        return patrol.last
    return Inspection(Verdict(head.number), patrol.last.at if patrol.last else None)
