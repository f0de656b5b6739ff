"""How many messages are sent, and how often they are tried, whatever the channel."""

import random
from datetime import datetime, timedelta

SENDING_AT_ONCE = 4
"""Recipients to whom email or push is sent at the same time."""
RECIPIENTS_AT_ONCE = 8
"""Those whose messages are prepared, and soon sent: their rights were checked just before."""
CHANNELS_AT_ONCE = 20
"""Group channels to which messages are sent at the same time."""
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
