"""What was said lately: one bounded log for all connections, newest frame of each topic.

A bell says "look again" and a fragment shows the present, so an older frame of a topic is worth
nothing once a newer one exists. The log keeps the newest alone (it is *compacted*): a reader that
was away or slow gets one frame a topic, however much happened meanwhile, and falls off only where
more topics changed than the log holds.
"""

import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

SIZE = 20_000


@dataclass(frozen=True, slots=True)
class Entry:
    """The newest frame of a topic.

    ``bell`` is for those who have missed earlier frames: without the fragment, and without the
    names of what changed. ``whole``: the frame itself shows all there is to see of the topic.
    """

    number: int
    topic: str
    frame: bytes
    bell: bytes
    whole: bool


class FellOff(Exception):
    """The reader was away for longer than the log reaches back."""


class Log:
    """Entries in the order in which they came; a number is drawn for each.

    ``epoch`` tells this log from that of another process or an earlier start. Numbers grow by one.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.epoch = secrets.token_hex(4)
        self.newest = 0
        self._size = size
        self._floor = 0
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def cursor(self, number: int | None = None) -> str:
        """The place after ``number``, or after all that was said: ``<epoch>-<number>``."""
        return f"{self.epoch}-{self.newest if number is None else number}"

    def number(self, cursor: str) -> int | None:
        """The number in a cursor of this log; None for anything else."""
        epoch, _, digits = cursor.rpartition("-")
        if epoch != self.epoch or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
            return None
        number = int(digits)
        return number if number <= self.newest else None

    def append(self, topic: str, *, frame: bytes, bell: bytes, whole: bool) -> Entry:
        """Draw the next number for ``topic``; its earlier entry is forgotten."""
        self.newest += 1
        entry = Entry(self.newest, topic, frame, bell, whole)
        self._entries[topic] = entry
        self._entries.move_to_end(topic)
        if len(self._entries) > self._size:
            _, oldest = self._entries.popitem(last=False)
            self._floor = oldest.number
        return entry

    def after(self, topics: Iterable[str], number: int) -> list[Entry]:
        """The entries of ``topics`` past ``number``, oldest first.

        Raises:
            FellOff: something past ``number`` is no longer held.
        """
        if number < self._floor:
            raise FellOff
        found = [
            entry
            for topic in topics
            if (entry := self._entries.get(topic)) is not None and entry.number > number
        ]
        found.sort(key=lambda entry: entry.number)
        return found
