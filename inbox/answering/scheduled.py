"""Sending what was stored to be sent later."""

import asyncio
from datetime import datetime, timedelta

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.live.alarm import Alarm
from inbox.live.bus import get_bus
from inbox.models import Attempt, Batch
from inbox.processes.lease import leads

OVERDUE_AFTER = timedelta(seconds=60)
"""An answer or a batch that is later than this isn't sent any more."""
TRY_AGAIN_AFTER = timedelta(seconds=1)
"""How long to wait between two tries while Mobius can't be reached."""


class ScheduledSender:
    """Sends rows at their ``send_at``, also rows that an earlier process left.

    Of several processes, the leader sends; the others tell it on ``channel`` what they stored.
    """

    channel = ""

    def __init__(self) -> None:
        self._due: dict[int, datetime] = {}
        self._loaded: set[int] = set()
        self._sending: set[int] = set()
        self._alarm = Alarm()

    def unsent(self) -> list[tuple[int, datetime]]:
        raise NotImplementedError

    async def send(self, pk: int) -> None:
        raise NotImplementedError

    def add(self, row: Attempt | Batch) -> None:
        """Any thread may call it."""
        if row.send_at is None:
            raise ValueError("it is not to be sent")
        if leads():
            self._send_at(row.pk, row.send_at)
        else:
            get_bus().broadcast(self.channel, f"{row.pk} {row.send_at.isoformat()}")

    async def run(self) -> None:
        self._alarm.start()
        self._sending.clear()
        get_bus().on_broadcast(self.channel, self._on_broadcast)
        await self.load()
        async with asyncio.TaskGroup() as sending:
            while True:
                for pk in self._take_due():
                    sending.create_task(self._send_once(pk))
                await self._alarm.wait(self._pause())

    async def load(self) -> None:
        for pk, send_at in await sync_to_async(self.unsent)():
            if pk not in self._due and pk not in self._sending:
                self._loaded.add(pk)
                self._send_at(pk, send_at)

    def _on_broadcast(self, text: str) -> None:
        pk, at = text.split()
        if leads():
            self._send_at(int(pk), datetime.fromisoformat(at))

    def _send_at(self, pk: int, at: datetime) -> None:
        self._due[pk] = at
        self._alarm.ring()

    def _take_due(self) -> set[int]:
        now = timezone.now()
        due = {pk for pk, at in self._waiting().items() if at <= now}
        for pk in due:
            del self._due[pk]
        self._sending |= due
        return due

    def _pause(self) -> float | None:
        soonest = min(self._waiting().values(), default=None)
        return None if soonest is None else max(0.0, (soonest - timezone.now()).total_seconds())

    def _waiting(self) -> dict[int, datetime]:
        """A row that was added again while it is being sent waits for that."""
        return {pk: at for pk, at in list(self._due.items()) if pk not in self._sending}

    async def _send_once(self, pk: int) -> None:
        try:
            await self.send(pk)
        finally:
            self._sending.discard(pk)
            if pk in self._due:
                self._alarm.ring()
            else:
                self._loaded.discard(pk)
