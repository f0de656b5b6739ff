"""The administrators' switch of each channel, which stops it at once."""

from datetime import datetime

from django.db import transaction

from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by_actor
from inbox.models import GroupChannel, StoppedChannel, Upstream
from inbox.models.notification import Channel
from inbox.notify import deliveries, group_channels, wakeup

VERB = "channel_switched"

PERSONAL = (Channel.EMAIL, Channel.PUSH)
LABELS = {
    **{channel.value: channel.label for channel in PERSONAL},
    **dict(GroupChannel.Kind.choices),
}
"""Of each channel that has a switch."""


@transaction.atomic
def switch(channel: str, now: datetime, *, on: bool, by: str) -> None:
    """``by`` is a username. Nothing happens if it is so already."""
    upstream = Upstream.lock_current()
    stopped = StoppedChannel.objects.filter(channel=channel)
    if on is not stopped.exists():
        return
    if not on:
        StoppedChannel.objects.create(channel=channel, stopped_at=now, stopped_by=by)
    else:
        stopped.delete()
        if channel in PERSONAL:
            deliveries.started(Channel(channel), now)
        else:
            group_channels.started(channel, now)
        transaction.on_commit(wakeup.wake)
    before, after = ("off", "on") if on else ("on", "off")
    value = {"channel": channel, "before": before, "after": after}
    entry = entry_by_actor(verb=VERB, upstream=upstream, title=channel, value=value)
    decision_log.append(entry)
