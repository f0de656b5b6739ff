"""The state of the decision log, for its page. A long log is verified in the background, in
parts.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from inbox.audit import cross_check
from inbox.audit.problem import Problem
from inbox.audit.verify import (
    Link,
    Verdict,
    check_entry,
    check_head,
    compare,
    follow,
    follow_to_head,
    verify,
)
from inbox.models import Decision, DecisionHead

log = logging.getLogger(__name__)

AT_ONCE = 500
"""The most entries that are verified while a page is loading."""
PART = 5_000
"""Entries that ``LogVerifier`` verifies at a time: a quarter of a second's work in each minute."""


@dataclass(frozen=True)
class Inspection:
    """None until the first pass is complete."""

    verdict: Verdict
    at: datetime | None


class LogVerifier:
    """Verifies the log again and again, ``part`` entries at a time."""

    def __init__(self, *, part: int = PART) -> None:
        self._part = part
        self._turn = threading.Lock()
        self._head: DecisionHead | None = None
        self._link = Link()
        self.last: Inspection | None = None
        self.problem: Problem | None = None
        """The last problem found."""

    def report(self, verdict: Verdict) -> None:
        """Once for each problem."""
        if verdict.problem and verdict.problem != self.problem:
            log.error("The decision log is not intact: %s", verdict.problem)
        self.problem = verdict.problem

    def verify_next_part(self) -> None:
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
            if broken is None:
                link, broken = follow_to_head(self._head, link)
            self._end(broken or compare(Verdict(link.number)))

    def _end(self, verdict: Verdict) -> None:
        self.last = Inspection(verdict, timezone.now())
        self._head, self._link = None, Link()
        self.report(verdict)


log_verifier = LogVerifier()
"""Each process verifies by itself, since each machine has anchor files of its own."""


def inspect(shown: Iterable[Decision] = ()) -> Inspection:
    """A short log is verified now, a long one by the last pass and its end.

    Entries that are ``shown`` are each verified now.
    """
    for row in shown:
        broken = check_entry(row)
        if broken is not None:
            return Inspection(broken, timezone.now())
    head = DecisionHead.objects.first()
    if head is None or head.number <= AT_ONCE:
        return Inspection(verify(), timezone.now())
    last = Decision.objects.order_by("-number").values_list("number", "hash").first()
    broken = check_head(head, Link(*last) if last else Link())
    # Someone may have appended between the two readings.
    if broken is not None and not DecisionHead.objects.filter(number__gt=head.number).exists():
        return Inspection(broken, timezone.now())
    missing = cross_check.anchored_problem(whole=False)
    if missing is not None:
        return Inspection(Verdict(head.number, missing), timezone.now())
    if log_verifier.last is not None and not log_verifier.last.verdict.intact:
        return log_verifier.last
    return Inspection(Verdict(head.number), log_verifier.last.at if log_verifier.last else None)
