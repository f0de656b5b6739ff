"""The state of the decision log, for its page. A long log is verified in the background, in
parts.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from inbox.models import Decision, DecisionHead
from inbox.services.audit import cross_check, entry_count
from inbox.services.audit.verify import (
    Link,
    Verdict,
    check_entry,
    check_head,
    compare,
    follow,
    follow_to_head,
    verify,
)
from inbox.services.problem import Problem

log = logging.getLogger(__name__)

AT_ONCE = 500
"""The most entries that are verified while a page is loading."""
PART = 5_000
"""Entries that ``LogVerifier`` verifies at a time: a quarter of a second's work in each minute."""


@dataclass(frozen=True)
class Inspection:
    """A verdict and its time; None until the first pass is complete."""

    verdict: Verdict
    at: datetime | None


class LogVerifier:
    """Verifies the log from its first entry to its head, again and again, ``part`` entries at a
    time.
    """

    def __init__(self, *, part: int = PART) -> None:
        self._part = part
        self._turn = threading.Lock()
        self._head: DecisionHead | None = None
        self._link = Link()
        self.last: Inspection | None = None
        self.problem: Problem | None = None
        """Why the log is not intact, as last found."""

    def report(self, verdict: Verdict) -> None:
        """Log that the decision log is not intact, once for each problem."""
        if verdict.problem and verdict.problem != self.problem:
            log.error("The decision log is not intact: %s", verdict.problem)
        self.problem = verdict.problem

    def verify_next_part(self) -> None:
        """Verify one part, or the rest of the log if it is shorter."""
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
            verdict = broken or compare(Verdict(link.number), entry_count.read())
            if verdict.intact:
                # Other machines may have appended these entries.
                transaction.on_commit(partial(entry_count.advance, self._head))
            self._end(verdict)

    def _end(self, verdict: Verdict) -> None:
        self.last = Inspection(verdict, timezone.now())
        self._head, self._link = None, Link()
        self.report(verdict)


log_verifier = LogVerifier()
"""The process's verifier, which starts with the first entry. Each process verifies by itself, since
each machine has noted the log's length.
"""


def inspect(shown: Iterable[Decision] = ()) -> Inspection:
    """The state of the log: of a short one now, of a long one by the last pass and its end.

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
    missing = cross_check.missing_noted_entry(entry_count.read())
    if missing is not None:
        return Inspection(Verdict(head.number, missing), timezone.now())
    if log_verifier.last is not None and not log_verifier.last.verdict.intact:
        return log_verifier.last
    return Inspection(Verdict(head.number), log_verifier.last.at if log_verifier.last else None)
