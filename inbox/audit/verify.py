"""Verifies that the decision log is as it was written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings

from inbox.audit import chain, cross_check
from inbox.audit.flaw import Flaw
from inbox.audit.problem import Problem
from inbox.models import Decision, DecisionHead

CHUNK = 1000


@dataclass(frozen=True)
class Verdict:
    """``problem`` is a ``Flaw`` of the first entry that does not match, ``number``; None if all
    match.
    """

    entries: int
    problem: Problem | None = None
    number: int | None = None

    @property
    def intact(self) -> bool:
        return self.problem is None


@dataclass(frozen=True)
class Link:
    """The number and hash of the last entry before a position in the chain."""

    number: int = 0
    hash: str = chain.NOTHING


def verify() -> Verdict:
    """Uses constant memory; others may append during this."""
    verdict = _follow_all()
    return compare(verdict) if verdict.intact else verdict


def compare(verdict: Verdict) -> Verdict:
    """Adds the comparison with anchors, attempts and mirror."""
    return replace(verdict, problem=cross_check.problem())


def _follow_all() -> Verdict:
    link = Link()
    while True:
        head = DecisionHead.objects.first()
        if head is None:
            return _without_head()
        link, verdict = follow_to_head(head, link)
        if verdict is not None:
            return verdict
        # An entry appended since then has moved the head; any other is not part of this log.
        if not Decision.objects.filter(number__gt=link.number).exists():
            return Verdict(link.number)
        if DecisionHead.objects.filter(number=link.number).exists():
            return _verdict(link, Flaw.BEHIND_END, last=link.number)


def follow_to_head(head: DecisionHead, link: Link) -> tuple[Link, Verdict | None]:
    """Returns the new position, and a verdict if the chain breaks."""
    rows = Decision.objects.as_stored().filter(number__gt=link.number, number__lte=head.number)
    link, broken = follow(rows.order_by("number").iterator(chunk_size=CHUNK), link)
    if broken is not None:
        return link, broken
    if link.number < head.number:
        return link, _missing_entries(link, head)
    return link, check_head(head, link)


def follow(rows: Iterable[Decision], link: Link) -> tuple[Link, Verdict | None]:
    try:
        for row in rows:
            broken = _entry_flaw(row, link)
            if broken is not None:
                return link, broken
            link = Link(row.number, row.hash)
    except (ValueError, TypeError, AttributeError):
        # A field that the database's converters cannot read, for example an invalid date.
        return link, _verdict(link, Flaw.UNREADABLE)
    return link, None


def check_head(head: DecisionHead, link: Link) -> Verdict | None:
    number = head.number
    if (head.number, head.hash) != (link.number, link.hash):
        kind = Flaw.HEAD_HASH
    elif not chain.sealed(head):
        kind = Flaw.HEAD_NOT_SEALED
    elif head.unsealed_from is not None:
        kind, number = Flaw.BEHIND_UNSEALED_HEAD, head.unsealed_from
    else:
        return None
    return Verdict(link.number, Problem(kind, {"entry": number}), number)


def check_entry(row: Decision, before: str | None = None) -> Verdict | None:
    """``before`` is the hash of the previous entry, if that was read too."""
    link = Link(row.number - 1, row.previous if before is None else before)
    return follow([row], link)[1]


def _entry_flaw(row: Decision, link: Link) -> Verdict | None:
    if row.number != link.number + 1:
        return _verdict(link, Flaw.MISSING_BEFORE, next=row.number)
    if row.previous != link.hash:
        return _verdict(link, Flaw.DOES_NOT_FOLLOW)
    try:
        text = chain.text_of(row)
    except chain.UnknownVersion:
        return _verdict(link, Flaw.UNKNOWN_VERSION, version=row.version)
    if getattr(row, "observed_as_stored", row.observed) != row.observed:
        return _verdict(link, Flaw.NOT_BOOLEAN)
    fits = chain.hash_of(link.hash, text) == row.hash
    return None if fits else _verdict(link, Flaw.OTHER_HASH)


def _verdict(link: Link, kind: Flaw, **facts: object) -> Verdict:
    number = link.number + 1
    return Verdict(link.number, Problem(kind, {"entry": number, **facts}), number)


def _missing_entries(link: Link, head: DecisionHead) -> Verdict:
    if link.number + 1 == head.number:
        return _verdict(link, Flaw.MISSING)
    return _verdict(link, Flaw.MISSING_UNTIL, last=head.number)


def _without_head() -> Verdict:
    count = Decision.objects.count()
    if count == 0 and not settings.CREDENTIAL_KEYS:
        # Migrated, and not started yet.
        return Verdict(0)
    return Verdict(count, Problem(Flaw.HEAD_MISSING), count)
