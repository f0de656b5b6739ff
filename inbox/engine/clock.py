"""The time."""

from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def later(at: datetime, previous: datetime) -> datetime:
    """The time to store for a change at ``at``: always later than ``previous``, the last one."""
    return max(at, previous + TICK)
