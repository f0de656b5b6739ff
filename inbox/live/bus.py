"""Tells which topics have changed, within this process or, through ``settings.LIVE_BUS``, to
others.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

Changed = Mapping[str, frozenset[str]]
"""By topic, the ids of the questions that changed; none where the topic doesn't name questions."""
Listener = Callable[[Changed], None]
Receiver = Callable[[str], None]


class MemoryBus:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: tuple[Listener, ...] = ()

    def publish(self, topics: Iterable[str] | Changed) -> None:
        """Never waits. Call it after the commit: a listener may read the change at once."""
        self.publish_here(topics)

    def publish_here(self, topics: Iterable[str] | Changed) -> None:
        """For a change that each process notices itself."""
        changed = as_changed(topics)
        if not changed:
            return
        for listener in self._listeners:
            listener(changed)

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Return a function that ends the subscription. The callback runs in the publishing thread,
        must be quick and must not raise.
        """
        with self._lock:
            self._listeners += (callback,)

        def unsubscribe() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not callback)

        return unsubscribe

    def broadcast(self, channel: str, text: str = "") -> None:
        """Send ``text`` to all other processes. Never waits."""

    def on_broadcast(self, channel: str, callback: Receiver) -> None:
        """The callback must be quick and must not raise."""


def add_changes(changed: dict[str, frozenset[str]], more: Changed) -> None:
    for topic, ids in more.items():
        changed[topic] = changed.get(topic, frozenset()) | ids


def as_changed(topics: Iterable[str] | Changed) -> Changed:
    return topics if isinstance(topics, Mapping) else dict.fromkeys(topics, frozenset())


memory_bus = MemoryBus()


@cache
def get_bus() -> MemoryBus:
    bus: MemoryBus = import_string(settings.LIVE_BUS)
    return bus
