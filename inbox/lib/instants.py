from datetime import UTC, datetime

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""Every time zone can show the times between these two. Some workflows write 9999-12-31 for
"never", which is already the year 10000 further east.
"""


def in_utc(at: datetime) -> datetime:
    """Limited to ``EARLIEST`` … ``LATEST``. Raises ValueError for a time without an offset."""
    if at.tzinfo is None:
        raise ValueError("a time without an offset")
    try:
        return min(max(at.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if at.year == 1 else LATEST


def read_instant(text: str) -> datetime | None:
    """Parse an ISO 8601 time with an offset; None for anything else."""
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        return None
