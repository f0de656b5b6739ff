"""Who changed what, within the process: names of topics go in, every listener hears them.

A message holds topics, and for a person's or the leads' topic the ids of the questions that
changed; so a bus between processes can carry the same.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Protocol

Changed = Mapping[str, frozenset[str]]
"""By topic: the ids of the questions that changed, where the topic may carry any."""
Listener = Callable[[Changed], None]


class Bus(Protocol):
    """What carries the word that topics have changed."""

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """Tell every listener that ``topics`` have changed. From any thread; never waits.

        Call it after the commit: a listener may read the change at once.
        """

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Have ``callback`` called in the publishing thread; the result ends that.

        A callback must be quick and must not raise.
        """


class MemoryBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """See ``Bus``."""
        changed = topics if isinstance(topics, Mapping) else dict.fromkeys(topics, frozenset())
        if not changed:
            return
        for listener in self._listeners:
            listener(changed)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """See ``Bus``."""

        def listener(changed: Changed) -> None:
            callback(changed)

        with self._lock:
            self._listeners += (listener,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe


@cache
def get_bus() -> Bus:
    """The process's one bus."""
    return MemoryBus()
