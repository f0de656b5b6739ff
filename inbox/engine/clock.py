from datetime import UTC, datetime, timedelta

TICK = timedelta(microseconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def later(at: datetime, previous: datetime) -> datetime:
    """``at``, or just after ``previous``: times of a row always grow."""
    return max(at, previous + TICK)
