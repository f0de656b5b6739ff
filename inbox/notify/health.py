"""How each channel does, for *Connection*, ``doctor`` and the metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from inbox.models import ChannelMessage, Delivery, GroupChannel, StoppedChannel, Upstream
from inbox.models.notification import TOO_OLD
from inbox.notify import outgoing
from inbox.notify.senders import SENDERS
from inbox.notify.switches import LABELS

PERIOD = timedelta(days=1)
State = Delivery.State


@dataclass(frozen=True)
class Health:
    """``sent`` and ``failed`` are within ``PERIOD``. ``oldest``: when the oldest message that is
    due was written. ``error``: of the newest attempt that failed, if it wasn't sent later.
    """

    channel: str
    is_set_up: bool
    stopped: StoppedChannel | None
    sent: int
    failed: int
    oldest: datetime | None
    error: str

    @property
    def label(self) -> str:
        return str(LABELS[self.channel])


def of_channels(upstream: Upstream, now: datetime) -> list[Health]:
    """Email, push, and the kinds of group channels that there are or that are switched off."""
    stopped = {row.channel: row for row in StoppedChannel.objects.all()}
    kinds = set(GroupChannel.objects.filter(upstream=upstream).values_list("kind", flat=True))
    is_set_up = {channel.value: sender.offered() for channel, sender in SENDERS.items()}
    is_set_up |= dict.fromkeys(kinds, True)
    counts, oldest = _counts(now), oldest_due(now)
    return [
        Health(
            channel=channel,
            is_set_up=is_set_up.get(channel, False),
            stopped=stopped.get(channel),
            sent=counts.get((channel, State.SENT), 0),
            failed=counts.get((channel, State.FAILED), 0),
            oldest=oldest.get(channel),
            error=_error(channel, now),
        )
        for channel in LABELS
        if channel in is_set_up or channel in stopped
    ]


def oldest_due(now: datetime) -> dict[str, datetime]:
    """By channel; what quiet hours held counts from their end."""
    deliveries = Delivery.objects.filter(state=State.WAITING)
    unsent = (ChannelMessage.State.WAITING, ChannelMessage.State.SENDING)
    messages = ChannelMessage.objects.filter(state__in=unsent)
    is_due = Q(due_at__lte=now) | Q(tries__gt=0)
    give_up = deliveries.filter(is_due).values_list("channel").annotate(Min("give_up_at"))
    written = messages.filter(is_due).values_list("channel__kind").annotate(Min("created_at"))
    return {**{channel: at - TOO_OLD for channel, at in give_up}, **dict(written)}


def _counts(now: datetime) -> dict[tuple[str, str], int]:
    ended = Q(state__in=(State.SENT, State.FAILED), closed_at__gt=now - PERIOD)
    found = [
        *Delivery.objects.filter(ended).values_list("channel", "state").annotate(Count("pk")),
        *ChannelMessage.objects.filter(ended)
        .values_list("channel__kind", "state")
        .annotate(Count("pk")),
    ]
    return {(channel, state): count for channel, state, count in found}


def _error(channel: str, now: datetime) -> str:
    if channel in SENDERS:
        return _last_error(Delivery.objects.filter(channel=channel), now)
    return outgoing.words(_last_error(ChannelMessage.objects.filter(channel__kind=channel), now))


def _last_error(rows: QuerySet[Any], now: datetime) -> str:
    failed = rows.exclude(error="")
    waiting = failed.filter(state=State.WAITING).order_by("-due_at")
    lost = failed.filter(state=State.FAILED, closed_at__gt=now - PERIOD).order_by("-closed_at")
    errors = [*waiting.values_list("error")[:1], *lost.values_list("error")[:1]]
    return errors[0][0] if errors else ""
