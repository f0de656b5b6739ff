"""Viewers of a group's question, by reports of browsers every few seconds, in the memory of each
process. Views decide who may follow it.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from inbox.live import topics
from inbox.live.bus import MemoryBus, get_bus

FORGET_AFTER = 12.0
SWEEP_EVERY = 1.0
CHANNEL = "presence"


@dataclass(frozen=True)
class PresentUser:
    user_id: int
    writing: bool


@dataclass
class _LastSeen:
    viewed_at: float
    wrote_at: float | None = None


class Presence:
    """All methods may be called from any thread. ``clock`` returns monotonic seconds."""

    def __init__(self, bus: MemoryBus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._lock = threading.Lock()
        self._last_seen: dict[str, dict[int, _LastSeen]] = {}
        self._shown: dict[str, frozenset[PresentUser]] = {}

    def mark_viewing(self, item_id: str, user_id: int) -> None:
        self._report(item_id, user_id, "viewing")

    def mark_writing(self, item_id: str, user_id: int) -> None:
        self._report(item_id, user_id, "writing")

    def mark_left(self, item_id: str, user_id: int) -> None:
        self._report(item_id, user_id, "left")

    def users(self, item_id: str) -> frozenset[PresentUser]:
        now = self._clock()
        with self._lock:
            return self._present(item_id, now)

    def sweep(self) -> None:
        with self._lock:
            items = list(self._last_seen)
        self._publish(items)

    async def keep_sweeping(self) -> None:
        """Runs until cancelled."""
        self._bus.on_broadcast(CHANNEL, lambda text: self._note(*json.loads(text)))
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            self.sweep()

    def _report(self, item_id: str, user_id: int, report: str) -> None:
        self._bus.broadcast(CHANNEL, json.dumps([item_id, user_id, report]))
        self._note(item_id, user_id, report)

    def _note(self, item_id: str, user_id: int, report: str) -> None:
        now = self._clock()
        with self._lock:
            people = self._last_seen.setdefault(item_id, {})
            match report:
                case "viewing":
                    people.setdefault(user_id, _LastSeen(0.0)).viewed_at = now
                case "writing":
                    people[user_id] = _LastSeen(now, now)
                case _:
                    people.pop(user_id, None)
        self._publish([item_id])

    def _publish(self, item_ids: list[str]) -> None:
        changed = []
        now = self._clock()
        with self._lock:
            for item_id in item_ids:
                alive = self._present(item_id, now)
                if alive != self._shown.get(item_id, frozenset()):
                    changed.append(topics.presence(item_id))
                if alive:
                    self._shown[item_id] = alive
                else:
                    self._shown.pop(item_id, None)
                    self._last_seen.pop(item_id, None)
        self._bus.publish_here(changed)

    def _present(self, item_id: str, now: float) -> frozenset[PresentUser]:
        people = self._last_seen.get(item_id, {})
        for user_id, last in list(people.items()):
            if _timed_out(last.viewed_at, now):
                del people[user_id]
        return frozenset(
            PresentUser(user_id, last.wrote_at is not None and not _timed_out(last.wrote_at, now))
            for user_id, last in people.items()
        )


def _timed_out(at: float, now: float) -> bool:
    return now - at >= FORGET_AFTER


@cache
def get_presence() -> Presence:
    return Presence(get_bus())
