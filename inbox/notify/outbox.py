"""The leader's loops: one plans what events become, and one for each channel sends what is due.

Each recipient is sent to independently, so that one that doesn't answer delays no other.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Generic, TypeVar

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.live.alarm import Alarm
from inbox.models import Upstream
from inbox.notify import deliveries, group_channels, link_requests, reminders, wakeup
from inbox.notify.messages import Message
from inbox.notify.pacing import CHANNELS_AT_ONCE, SENDING_AT_ONCE
from inbox.notify.planning import plan_events
from inbox.notify.senders import SENDERS

EVERY = 5.0
"""Seconds between two looks, if nothing wakes a loop before."""
REMINDERS_EVERY = 60.0

M = TypeVar("M")


@dataclass(frozen=True)
class Queue(Generic[M]):
    """``due`` gives the messages for each recipient, by its ``pk``, without the recipients
    ``besides``; ``send`` records what became of one. ``at_once``: recipients.
    """

    due: Callable[..., Mapping[int, Sequence[M]]]
    send: Callable[[M, datetime], Awaitable[None]]
    at_once: int


async def run() -> None:
    people = [
        Queue[Message](partial(deliveries.due, channel), deliveries.send, SENDING_AT_ONCE)
        for channel in SENDERS
    ]
    channels = Queue(group_channels.due, group_channels.send, CHANNELS_AT_ONCE)
    alarms = [Alarm() for _ in (*people, channels, link_requests)]
    for alarm in alarms:
        alarm.start()
    *for_people, for_channels, for_links = alarms
    async with asyncio.TaskGroup() as loops:
        loops.create_task(_keep_planning(wakeup.start(), alarms))
        for queue, alarm in zip(people, for_people, strict=True):
            loops.create_task(_keep_sending(queue, alarm))
        loops.create_task(_keep_sending(channels, for_channels))
        loops.create_task(_keep_sending_links(for_links))


async def _keep_planning(woken: Alarm, senders: Sequence[Alarm]) -> None:
    reminders_at = 0.0
    while True:
        if monotonic() >= reminders_at:
            reminders_at = monotonic() + REMINDERS_EVERY
            await sync_to_async(_remind)()
        while await sync_to_async(plan_events)(timezone.now()):
            pass
        for alarm in senders:
            alarm.ring()
        await woken.wait(EVERY)


def _remind() -> None:
    upstream = Upstream.current()
    reminders.write(upstream, upstream.clock(timezone.now()))


async def _keep_sending_links(alarm: Alarm) -> None:
    while True:
        await link_requests.send_due(timezone.now())
        await alarm.wait(EVERY)


async def _keep_sending(queue: Queue[M], alarm: Alarm) -> None:
    busy: set[int] = set()
    places = asyncio.Semaphore(queue.at_once)

    async def send(recipient: int, messages: Sequence[M]) -> None:
        async with places:
            for message in messages:
                await queue.send(message, timezone.now())
        busy.remove(recipient)
        alarm.ring()

    async with asyncio.TaskGroup() as sending:
        while True:
            due = await sync_to_async(queue.due)(timezone.now(), besides=frozenset(busy))
            for recipient, messages in due.items():
                busy.add(recipient)
                sending.create_task(send(recipient, messages))
            await alarm.wait(EVERY)
