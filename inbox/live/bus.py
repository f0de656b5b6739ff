"""Publish and subscribe within the process: which topics have changed.

A message maps topics to the ids of the questions that changed, where the topic names any. It is
plain data, so a bus between processes could carry it too.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol

Changed = Mapping[str, frozenset[str]]
"""By topic: the ids of the questions that changed, where the topic may carry any."""
Listener = Callable[[Changed], None]


class Bus(Protocol):
    """Where changed topics are published."""

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """Tell every listener that ``topics`` have changed. Any thread may call it; it never waits.

        Call it after the commit: a listener may read the change at once.
        """

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call ``callback`` in the publishing thread at each change. Returns how to unsubscribe.

        A callback must be quick and must not raise.
        """


class MemoryBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def publish(self, topics: Iterable[str] | Changed) -> None:
        changed = topics if isinstance(topics, Mapping) else dict.fromkeys(topics, frozenset())
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


@cache
def get_bus() -> Bus:
    """The process's bus."""
    return MemoryBus()
