"""Wakes the leader, from any process, when there is something to plan or to send."""

from inbox.live.alarm import Alarm
from inbox.live.bus import get_bus
from inbox.processes.lease import leads

CHANGED = "notification events"
"""The channel of the bus by which other processes wake the leader."""

_alarm = Alarm()


def start() -> Alarm:
    _alarm.start()
    get_bus().on_broadcast(CHANGED, lambda _text: _alarm.ring())
    return _alarm


def wake() -> None:
    """Call it after the commit."""
    if leads():
        _alarm.ring()
    else:
        get_bus().broadcast(CHANGED)
