"""Times in the reader's words: how late, how soon, how long ago.

Every function takes ``now`` and speaks in the current time zone of Django.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import dateformat
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
AT_ONCE = "at once"
SOON = timedelta(hours=1)
"""From here on a deadline is said to be near in colour too."""


@dataclass(frozen=True)
class Deadline:
    """An instant, and whether an answer is still taken after it."""

    at: datetime
    soft: bool


@dataclass(frozen=True)
class Band:
    """A stretch of the list."""

    key: str
    label: str
    icon: str


BANDS = {
    band.key: band
    for band in (
        Band("late", "Overdue", "alert"),
        Band("hour", "Within the hour", "clock"),
        Band("today", "Today", "clock"),
        Band("later", "Later", "cal"),
        Band("none", "No deadline", "dashed"),
    )
}


def span(seconds: float) -> str:
    """A duration in its two largest units: ``40 s``, ``42 min``, ``1 h 20 min``, ``2 d 1 h``.

    ``static/js/duration.js`` writes the same.
    """
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        hours, minutes = whole // HOUR, whole % HOUR // MINUTE
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = whole // DAY, whole % DAY // HOUR
    return f"{days} d {hours} h" if hours and days < 10 else f"{days} d"


_SPELLED = {
    "s": ("%d second", "%d seconds"),
    "min": ("%d minute", "%d minutes"),
    "h": ("%d hour", "%d hours"),
    "d": ("%d day", "%d days"),
}


def spelled_span(seconds: float) -> str:
    """As ``span``, for screen readers: ``42 minutes``, ``1 hour 20 minutes``."""
    words = span(seconds).split()
    pairs = zip(map(int, words[::2]), words[1::2], strict=True)
    return " ".join(ngettext(*_SPELLED[unit], number) % number for number, unit in pairs)


def exact_span(seconds: float) -> str:
    """A duration where seconds matter: ``at once``, ``0.4 s``, ``2 min 14 s``; else as ``span``."""
    if seconds < 0.05:
        return AT_ONCE
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if MINUTE <= whole < HOUR:
        minutes, rest = divmod(whole, MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return span(seconds)


def clock(at: datetime) -> str:
    """``10:45``."""
    return dateformat.format(localtime(at), "H:i")


def moment(at: datetime, now: datetime) -> str:
    """``10:45`` today, ``Wed 14:00`` within six days, ``3 Dec 14:00``, else ``3 Dec 2027``."""
    local, today = localtime(at), localtime(now)
    if local.date() == today.date():
        return clock(at)
    if abs((local.date() - today.date()).days) <= 6:
        return dateformat.format(local, "D H:i")
    if local.year == today.year:
        return dateformat.format(local, "j M H:i")
    return dateformat.format(local, "j M Y")


def near(at: datetime, now: datetime) -> bool:
    """The time that is left says more than the clock: within the hour, or on the same day."""
    return at - now <= SOON or localtime(at).date() == localtime(now).date()


def at(instant: datetime, now: datetime) -> str:
    """As ``moment``, within a sentence: ``at 10:45``, ``Wed 14:00``."""
    words = moment(instant, now)
    return f"at {words}" if localtime(instant).date() == localtime(now).date() else words


def exact_moment(at: datetime, now: datetime) -> str:
    """As ``moment``, with seconds, for a log."""
    local = localtime(at)
    if local.date() == localtime(now).date():
        return dateformat.format(local, "H:i:s")
    return dateformat.format(local, "j M H:i:s")


def full(at: datetime) -> str:
    """The whole of it, for a tooltip: ``Tue 24 November 2026, 10:45:12 UTC``."""
    return dateformat.format(localtime(at), "D j F Y, H:i:s T")


def is_recent(at: datetime, now: datetime) -> bool:
    """``ago`` says the moment as a duration: within the last hour, or on the same day."""
    return now - at < timedelta(hours=1) or localtime(at).date() == localtime(now).date()


def ago(at: datetime, now: datetime) -> str:
    """``just now``, ``40 s ago``, ``3 h 10 min ago``, ``yesterday 16:20``, then as ``moment``."""
    seconds = (now - at).total_seconds()
    if seconds < 10:
        return gettext("just now")
    if is_recent(at, now):
        return gettext("{duration} ago").format(duration=span(seconds))
    if localtime(at).date() == localtime(now).date() - timedelta(days=1):
        return gettext("yesterday {time}").format(time=clock(at))
    return moment(at, now)


def deadline(
    due_at: datetime | None, expires_at: datetime | None, now: datetime, *, soft: bool
) -> Deadline | None:
    """What the due chip of an open item shows: the soft deadline until the item has expired."""
    if expires_at is not None and expires_at <= now:
        return Deadline(expires_at, soft=False)
    return None if due_at is None else Deadline(due_at, soft=soft)


def band(due_at: datetime | None, now: datetime) -> Band:
    """Where an item stands in the list."""
    if due_at is None:
        return BANDS["none"]
    seconds = (due_at - now).total_seconds()
    if seconds <= 0:
        return BANDS["late"]
    if seconds <= HOUR:
        return BANDS["hour"]
    if localtime(due_at).date() == localtime(now).date():
        return BANDS["today"]
    return BANDS["later"]


def midnight(now: datetime) -> datetime:
    """When today began, in the installation's time zone."""
    return localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
