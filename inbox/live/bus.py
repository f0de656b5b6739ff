"""Publish and subscribe: which topics have changed, and messages between processes.

With SQLite there is one web process, and the bus is in its memory. With PostgreSQL there may be
several; ``postgres_bus`` carries what one publishes to the others.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from django.db import connections

Changed = Mapping[str, frozenset[str]]
"""By topic, the ids of the questions that changed; none where the topic doesn't name questions."""
Listener = Callable[[Changed], None]
Receiver = Callable[[str], None]


class MemoryBus:
    """The bus of a single process. ``PostgresBus`` adds the other processes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """Tell all listeners that ``topics`` have changed. Any thread may call it; it never waits.

        Call it after the commit: a listener may read the change at once.
        """
        self.publish_here(topics)

    def publish_here(self, topics: Iterable[str] | Changed) -> None:
        """Tell only the listeners of this process, for a change that each process notices."""
        changed = as_changed(topics)
        if not changed:
            return
        for listener in self._listeners:
            listener(changed)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call ``callback`` in the publishing thread at each change. Returns a function that ends
        the subscription.

        A callback must be quick and must not raise.
        """
        with self._lock:
            self._listeners += (callback,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not callback)

        return unsubscribe

    def broadcast(self, channel: str, text: str = "") -> None:
        """Send ``text`` to all other processes. Any thread may call it; it never waits."""

    def on_broadcast(self, channel: str, callback: Receiver) -> None:
        """Call ``callback`` with each text that another process broadcasts on the channel. It must
        be quick and must not raise.
        """


def add_changes(changed: dict[str, frozenset[str]], more: Changed) -> None:
    for topic, ids in more.items():
        changed[topic] = changed.get(topic, frozenset()) | ids


def as_changed(topics: Iterable[str] | Changed) -> Changed:
    return topics if isinstance(topics, Mapping) else dict.fromkeys(topics, frozenset())


@cache
def get_bus() -> MemoryBus:
    if connections["default"].vendor == "postgresql":
        from inbox.live.postgres_bus import postgres_bus  # noqa: PLC0415 - it needs this file

        return postgres_bus
    return MemoryBus()
