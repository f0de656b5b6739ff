"""Whether the decision log is as it was written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.conf import settings

from inbox.models import Decision, DecisionHead
from inbox.services.audit import chain, cross_check, entry_count
from inbox.services.audit.entry_count import Note

CHUNK = 1000


@dataclass(frozen=True)
class Verdict:
    """``entries`` were looked at. ``problem`` is a sentence that names the first entry that does
    not match, ``number``; empty where all do.
    """

    entries: int
    problem: str = ""
    number: int | None = None

    @property
    def intact(self) -> bool:
        """Every entry fits, and none is missing."""
        return not self.problem


@dataclass(frozen=True)
class Link:
    """A place in the chain: the last entry before it, and that one's hash."""

    number: int = 0
    hash: str = chain.NOTHING


def verify() -> Verdict:
    """Read the whole log and its head, and compare it with what else says how long it is. In
    constant memory; others may append meanwhile.
    """
    note = entry_count.read()
    verdict = _follow_all()
    return verdict if verdict.problem else compare(verdict, note)


def compare(verdict: Verdict, note: Note) -> Verdict:
    """The ``verdict`` on a chain that fits, after a look at the note, attempts and mirror."""
    return replace(verdict, problem=cross_check.problem(note))


def _follow_all() -> Verdict:
    link = Link()
    while True:
        head = DecisionHead.objects.first()
        if head is None:
            return _headless()
        link, verdict = up_to(head, link)
        if verdict is not None:
            return verdict
        # What was entered meanwhile has moved the head; what has not is no entry of this log.
        if not Decision.objects.filter(number__gt=link.number).exists():
            return Verdict(link.number)
        if DecisionHead.objects.filter(number=link.number).exists():
            return Verdict(
                link.number,
                f"entry {link.number + 1:,} doesn't match: the log ends with entry {link.number:,}",
                link.number + 1,
            )


def up_to(head: DecisionHead, link: Link) -> tuple[Link, Verdict | None]:
    """Follow the chain from ``link`` to ``head``: the new place, and a verdict where it breaks."""
    rows = Decision.objects.as_stored().filter(number__gt=link.number, number__lte=head.number)
    link, broken = follow(rows.order_by("number").iterator(chunk_size=CHUNK), link)
    if broken is not None:
        return link, broken
    if link.number < head.number:
        return link, _cut(link, head)
    return link, judge(head, link)


def follow(rows: Iterable[Decision], link: Link) -> tuple[Link, Verdict | None]:
    """Follow the chain along ``rows``, which begin behind ``link``."""
    try:
        for row in rows:
            problem = _wrong(row, link)
            if problem:
                return link, _verdict(link, problem)
            link = Link(row.number, row.hash)
    except (ValueError, TypeError, AttributeError):
        # A field that the database's converters cannot read, for example a date that is none.
        return link, _verdict(link, "it can't be read")
    return link, None


def judge(head: DecisionHead, link: Link) -> Verdict | None:
    """What is wrong with a head that stands behind the entry at ``link``; None where nothing is."""
    said = head.number, head.hash
    if said != (link.number, link.hash):
        problem = f"entry {head.number:,} doesn't match: the head has another hash"
    elif not chain.sealed(head):
        problem = (
            f"the head doesn't match: none of the current keys sealed it. It was changed after "
            f"entry {head.number:,}, or its key is no longer in CREDENTIAL_KEYS"
        )
    elif head.unsealed_from is not None:
        problem = (
            f"entry {head.unsealed_from:,} doesn't match: it was written after a head that none of "
            "the current keys had sealed, so entries before it may be missing"
        )
        return Verdict(link.number, problem, head.unsealed_from)
    else:
        return None
    return Verdict(link.number, problem, head.number)


def misfit(row: Decision, before: str | None = None) -> Verdict | None:
    """What is wrong with one entry by itself; None where nothing is. ``before`` is the hash of the
    entry before it, where that was read too.
    """
    link = Link(row.number - 1, row.previous if before is None else before)
    return follow([row], link)[1]


def _wrong(row: Decision, link: Link) -> str:
    if row.number != link.number + 1:
        return f"it's missing, and entry {row.number:,} comes next"
    if row.previous != link.hash:
        return "it doesn't follow from the previous entry"
    try:
        text = chain.text_of(row)
    except chain.UnknownVersion as unknown:
        return f"it is of an unknown {unknown}"
    if getattr(row, "observed_as_stored", row.observed) != row.observed:
        return "its observed field is neither true nor false"
    return "" if chain.hash_of(link.hash, text) == row.hash else "its fields don't produce its hash"


def _verdict(link: Link, problem: str) -> Verdict:
    number = link.number + 1
    return Verdict(link.number, f"entry {number:,} doesn't match: {problem}", number)


def _cut(link: Link, head: DecisionHead) -> Verdict:
    if link.number + 1 == head.number:
        return _verdict(link, "it's missing")
    return _verdict(link, f"all entries from it to entry {head.number:,} are missing")


def _headless() -> Verdict:
    count = Decision.objects.count()
    if count == 0 and not settings.CREDENTIAL_KEYS:
        # Migrated, and not started yet.
        return Verdict(0)
    return Verdict(count, "the head doesn't match: it's missing", count)
