"""Who has a group's question open now. In memory alone: it is forgotten, never stored.

A browser says every few seconds that its page is in view; a draft that is saved says that somebody
writes. Who is not heard of for ``FORGET_AFTER`` seconds is gone. Each change rings the bell of
``topics.presence``; who may hear it and who is named is the view's to decide.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from inbox.live import topics
from inbox.live.bus import Bus, get_bus

FORGET_AFTER = 12.0
SWEEP_EVERY = 1.0


@dataclass(frozen=True)
class Seen:
    """Somebody, by the account's id."""

    user_id: int
    writing: bool


@dataclass
class _Heard:
    looked: float
    wrote: float | None = None


class Presence:
    """What was heard lately. All methods may be called from any thread.

    Args:
        bus: hears of each change.
        clock: seconds that only grow.
    """

    def __init__(self, bus: Bus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._lock = threading.Lock()
        self._items: dict[str, dict[int, _Heard]] = {}
        self._shown: dict[str, frozenset[Seen]] = {}

    def look(self, item_id: str, user_id: int) -> None:
        """The account has the question in view."""
        with self._lock:
            heard = self._items.setdefault(item_id, {}).setdefault(user_id, _Heard(0.0))
            heard.looked = self._clock()
        self._tell([item_id])

    def write(self, item_id: str, user_id: int) -> None:
        """The account has typed something for it."""
        now = self._clock()
        with self._lock:
            self._items.setdefault(item_id, {})[user_id] = _Heard(now, now)
        self._tell([item_id])

    def leave(self, item_id: str, user_id: int) -> None:
        """The account looks at something else now."""
        with self._lock:
            self._items.get(item_id, {}).pop(user_id, None)
        self._tell([item_id])

    def of(self, item_id: str) -> frozenset[Seen]:
        """Who has the question open now."""
        now = self._clock()
        with self._lock:
            return self._alive(item_id, now)

    def sweep(self) -> None:
        """Forget who was not heard of, and tell."""
        with self._lock:
            items = list(self._items)
        self._tell(items)

    async def keep_sweeping(self) -> None:
        """Sweep for ever."""
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self.sweep()

    def _tell(self, item_ids: list[str]) -> None:
        changed = []
        now = self._clock()
        with self._lock:
            for item_id in item_ids:
                alive = self._alive(item_id, now)
                if alive != self._shown.get(item_id, frozenset()):
                    changed.append(topics.presence(item_id))
                if alive:
                    self._shown[item_id] = alive
                else:
                    self._shown.pop(item_id, None)
                    self._items.pop(item_id, None)
        self._bus.publish(changed)

    def _alive(self, item_id: str, now: float) -> frozenset[Seen]:
        people = self._items.get(item_id, {})
        for user_id in [one for one, heard in people.items() if _over(heard.looked, now)]:
            del people[user_id]
        return frozenset(
            Seen(user_id, heard.wrote is not None and not _over(heard.wrote, now))
            for user_id, heard in people.items()
        )


def _over(at: float, now: float) -> bool:
    return now - at >= FORGET_AFTER


@cache
def get_presence() -> Presence:
    """The process's one."""
    return Presence(get_bus())
