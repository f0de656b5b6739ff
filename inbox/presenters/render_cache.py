"""Rendered text, kept: bounded by bytes, and the same text rendered once at a time."""

import sys
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")

OVERHEAD = 400
"""Bytes that an entry takes beside its text."""


class RenderCache(Generic[Made]):
    """What ``make`` gave for a text, the last used first. ``size_of`` gives the bytes of a result.

    Threads that want the same text wait for the first of them.
    """

    def __init__(self, most_bytes: int, size_of: Callable[[Made], int]) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._size_of = size_of
        self._kept: OrderedDict[bytes, tuple[Made, int]] = OrderedDict()
        self._turns: dict[bytes, Lock] = {}
        self._lock = Lock()

    def get(self, kind: str, text: str, make: Callable[[str], Made]) -> Made:
        """The result for ``text``; ``kind`` tells apart what is made of the same text."""
        key = sha256(f"{kind}\n{text}".encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
            turn = self._turns.setdefault(key, Lock())
        with turn:
            with self._lock:
                if key in self._kept:
                    return self._kept[key][0]
            try:
                made = make(text)
                self._keep(key, made)
            finally:
                with self._lock:
                    self._turns.pop(key, None)
        return made

    def _keep(self, key: bytes, made: Made) -> None:
        size = self._size_of(made) + OVERHEAD
        with self._lock:
            self._kept[key] = made, size
            self.bytes += size
            while self.bytes > self.most_bytes:
                _, (_, gone) = self._kept.popitem(last=False)
                self.bytes -= gone


def size_of_text(text: str) -> int:
    """Bytes of memory."""
    return sys.getsizeof(text)
