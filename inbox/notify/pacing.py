"""How many messages are sent, and how often they are tried, whatever the channel."""

import random
from datetime import datetime, timedelta

MESSAGES_AT_ONCE = 100
SENDING_AT_ONCE = 4
MOST = 5
"""Messages that one recipient gets by one channel within ``MOST_WITHIN``; later ones become one."""
MOST_WITHIN = timedelta(minutes=10)
_BACK_OFF = timedelta(seconds=30)
_LONGEST_BACK_OFF = timedelta(minutes=30)


def next_try(tries: int, now: datetime) -> datetime:
    """``tries``: how many failed before the last."""
    wait = min(_BACK_OFF * 2**tries, _LONGEST_BACK_OFF)
    jitter = random.uniform(0.8, 1.2)  # nosec B311 # noqa: S311 - not a secret
    return now + wait * jitter
