"""Sends what is due at a time, as the leader's loops do."""

from datetime import datetime

from asgiref.sync import async_to_sync

from inbox.notify import deliveries, group_channels
from inbox.notify.planning import plan_events
from inbox.notify.senders import SENDERS


def plan_all(now: datetime) -> None:
    while plan_events(now):
        pass


def send_to_people(now: datetime) -> None:
    for channel in SENDERS:
        for messages in deliveries.due(channel, now, besides=()).values():
            for message in messages:
                async_to_sync(deliveries.send)(message, now)


def send_to_channels(now: datetime) -> None:
    for messages in group_channels.due(now, besides=()).values():
        for message in messages:
            async_to_sync(group_channels.send)(message, now)
