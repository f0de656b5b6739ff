from collections.abc import Awaitable, Callable

from inbox.live.alarm import Alarm
from inbox.live.bus import get_bus
from inbox.processes.lease import leads

LOOK_EVERY = 30.0
"""Seconds after which it looks at the database in any case: a command may have written to it."""


class DueTask:
    """The leader's work on rows that have a time.

    ``work`` does what is due and returns the seconds until more is, None for nothing. A process
    that stores a row calls ``wake``.
    """

    def __init__(self, channel: str, work: Callable[[], Awaitable[float | None]]) -> None:
        self._channel = channel
        self._work = work
        self._alarm = Alarm()

    def wake(self) -> None:
        """Any thread may call it, after the commit."""
        if leads():
            self._alarm.ring()
        else:
            get_bus().broadcast(self._channel)

    async def run(self) -> None:
        self._alarm.start()
        get_bus().on_broadcast(self._channel, lambda _: self._alarm.ring())
        while True:
            pause = await self._work()
            await self._alarm.wait(LOOK_EVERY if pause is None else min(pause, LOOK_EVERY))
