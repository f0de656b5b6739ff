"""A bounded log of the newest frame of each topic. A reader that was away gets one frame per topic,
however much has happened.
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """``invalidation`` is for readers who have missed frames. If ``complete``, the frame has the
    whole fragment, so a late reader may get it too.
    """

    number: int
    topic: str
    frame: bytes
    invalidation: bytes
    complete: bool


class CursorTooOld(Exception):
    """The log no longer has all that came after a cursor."""


class Log:
    """``epoch`` tells this log from another process's or an earlier start's."""

    def __init__(self, size: int = SIZE) -> None:
        self.epoch = secrets.token_hex(4)
        self.newest = 0
        self._size = size
        self._floor = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def cursor(self, number: int | None = None) -> str:
        """``<epoch>-<number>``, by default of the newest entry."""
        return f"{self.epoch}-{self.newest if number is None else number}"

    def number(self, cursor: str) -> int | None:
        """None for anything but a cursor of this log."""
        epoch, _, digits = cursor.rpartition("-")
        if epoch != self.epoch or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if number <= self.newest else None

    def append(self, topic: str, *, frame: bytes, invalidation: bytes, complete: bool) -> Entry:
        """Replaces the topic's earlier entry."""
        self.newest += 1
        entry = Entry(self.newest, topic, frame, invalidation, complete)
        self._entries[topic] = entry
        self._entries.move_to_end(topic)
        if len(self._entries) > self._size:
            _, oldest = self._entries.popitem(last=False)
            self._floor = oldest.number
        return entry

    def forget(self) -> None:
        self.newest += 1
        self._floor = self.newest
        self._entries.clear()

    def after(self, topics: Iterable[str], number: int) -> list[Entry]:
        """Oldest first. Raises ``CursorTooOld``."""
        if number < self._floor:
            raise CursorTooOld
        held = (self._entries.get(topic) for topic in topics)
        entries = [entry for entry in held if entry is not None and entry.number > number]
        return sorted(entries, key=lambda entry: entry.number)
