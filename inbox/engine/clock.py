"""The time."""

from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def later(at: datetime, previous: datetime) -> datetime:
    """The stamp of a change at ``at`` to a row last changed at ``previous``: it always grows."""
    return max(at, previous + TICK)
