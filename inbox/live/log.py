"""One bounded log of recent frames for all connections.

Both invalidations and fragments are about the present, so an older frame of a topic is useless once
a newer one exists. The log is compacted: it keeps the newest frame of each topic. A reader that was
away or slow gets one frame per topic, however much has happened. Its cursor is too old only
if more topics changed than the log holds.
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest frame of a topic.

    Attributes:
        invalidation: for readers who have missed earlier frames: without the fragment and without
            the ids of what changed.
        complete: ``frame`` has the topic's whole fragment, so a late reader may get it too.
    """

    number: int
    topic: str
    frame: bytes
    invalidation: bytes
    complete: bool


class CursorTooOld(Exception):
    """The log no longer has all that came after a cursor."""


class Log:
    """Entries in order, numbered from 1.

    ``epoch`` distinguishes this log from that of another process or an earlier start.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.epoch = secrets.token_hex(4)
        self.newest = 0
        self._size = size
        self._floor = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def cursor(self, number: int | None = None) -> str:
        """The position after ``number``, or after the newest entry: ``<epoch>-<number>``."""
        return f"{self.epoch}-{self.newest if number is None else number}"

    def number(self, cursor: str) -> int | None:
        """The number in a cursor of this log; None for anything else."""
        epoch, _, digits = cursor.rpartition("-")
        if epoch != self.epoch or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if number <= self.newest else None

    def append(self, topic: str, *, frame: bytes, invalidation: bytes, complete: bool) -> Entry:
        """Add an entry with the next number; the topic's earlier entry is dropped."""
        self.newest += 1
        entry = Entry(self.newest, topic, frame, invalidation, complete)
        self._entries[topic] = entry
        self._entries.move_to_end(topic)
        if len(self._entries) > self._size:
            _, oldest = self._entries.popitem(last=False)
            self._floor = oldest.number
        return entry

    def forget(self) -> None:
        """Drop all entries, so that every cursor is too old."""
        self.newest += 1
        self._floor = self.newest
        self._entries.clear()

    def after(self, topics: Iterable[str], number: int) -> list[Entry]:
        """The entries of ``topics`` past ``number``, oldest first.

        Raises:
            CursorTooOld: something past ``number`` is no longer held.
        """
        if number < self._floor:
            raise CursorTooOld
        held = (self._entries.get(topic) for topic in topics)
        entries = [entry for entry in held if entry is not None and entry.number > number]
        return sorted(entries, key=lambda entry: entry.number)
