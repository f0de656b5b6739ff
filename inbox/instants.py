"""Reading times that come from outside: from Mobius, from requests."""

from datetime import UTC, datetime

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""Every time zone can show the times between these two. Some workflows write 9999-12-31 for
"never", which is already the year 10000 further east.
"""


def in_utc(at: datetime) -> datetime:
    """The time in UTC, or the nearer of ``EARLIEST`` and ``LATEST`` if it isn't between them.

    Raises ValueError for a time without an offset.
    """
    if at.tzinfo is None:
        raise ValueError("a time without an offset")
    try:
        return min(max(at.astimezone(UTC), EARLIEST), LATEST)
    except OverflowError:
        return EARLIEST if at.year == 1 else LATEST


def read_instant(text: str) -> datetime | None:
    """Parse an ISO 8601 time with an offset, as ``in_utc`` has it; None for anything else."""
    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        return None
