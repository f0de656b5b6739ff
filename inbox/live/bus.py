"""Publish and subscribe: which topics have changed, and what processes tell each other.

A message maps topics to the ids of the questions that changed, where the topic names any. With
SQLite there is one web process, and the bus is in its memory. With PostgreSQL there may be several;
``postgres_bus`` carries what one publishes to the others.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol

from django.db import connections

Changed = Mapping[str, frozenset[str]]
"""By topic: the ids of the questions that changed, where the topic may carry any."""
Listener = Callable[[Changed], None]
Hearer = Callable[[str], None]


class Bus(Protocol):
    """Where changed topics are published."""

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """Tell every listener that ``topics`` have changed. Any thread may call it; it never waits.

        Call it after the commit: a listener may read the change at once.
        """

    def publish_here(self, topics: Iterable[str] | Changed) -> None:
        """``publish`` to this process only: every process notices the change by itself."""

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call ``callback`` in the publishing thread at each change. Returns how to unsubscribe.

        A callback must be quick and must not raise.
        """

    def tell(self, channel: str, text: str = "") -> None:
        """Send ``text`` to the same channel of all other processes. Any thread may call it; it
        never waits.
        """

    def hear(self, channel: str, callback: Hearer) -> None:
        """Call ``callback`` with what other processes ``tell``. It must be quick and must not
        raise.
        """


class MemoryBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def publish(self, topics: Iterable[str] | Changed) -> None:
        self.publish_here(topics)

    def publish_here(self, topics: Iterable[str] | Changed) -> None:
        changed = as_changed(topics)
        if not changed:
            return
        for listener in self._listeners:
            listener(changed)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        def listener(changed: Changed) -> None:
            callback(changed)

        with self._lock:
            self._listeners += (listener,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return unsubscribe

    def tell(self, channel: str, text: str = "") -> None:
        """Nothing: there is no other process."""

    def hear(self, channel: str, callback: Hearer) -> None:
        """Nothing: there is no other process."""


def as_changed(topics: Iterable[str] | Changed) -> Changed:
    """The topics, with no ids where these are not given."""
    return topics if isinstance(topics, Mapping) else dict.fromkeys(topics, frozenset())


@cache
def get_bus() -> Bus:
    """The process's bus."""
    if connections["default"].vendor == "postgresql":
        from inbox.live.postgres_bus import postgres_bus  # noqa: PLC0415 - it needs this file

        return postgres_bus
    return MemoryBus()
