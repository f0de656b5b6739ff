"""Times in words, in Django's current time zone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import dateformat
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext, pgettext

from inbox.models import Interaction

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SOON = timedelta(hours=1)
"""Deadlines nearer than this are coloured."""


@dataclass(frozen=True)
class Deadline:
    at: datetime
    soft: bool


@dataclass(frozen=True)
class Band:
    key: str
    label: str | Promise
    icon: str


BANDS = {
    band.key: band
    for band in (
        Band("late", gettext_lazy("Overdue"), "alert"),
        Band("hour", gettext_lazy("Within an hour"), "clock"),
        Band("today", gettext_lazy("Today"), "clock"),
        Band("later", gettext_lazy("Later"), "cal"),
        Band("none", gettext_lazy("No deadline"), "dashed"),
    )
}


def _units(seconds: float) -> tuple[int, int, int, int]:
    """Days, hours, minutes and seconds; all but the two largest non-zero units are 0."""
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return 0, 0, 0, whole
    if whole < HOUR:
        return 0, 0, whole // MINUTE, 0
    if whole < DAY:
        return 0, whole // HOUR, whole % HOUR // MINUTE, 0
    days = whole // DAY
    return days, whole % DAY // HOUR if days < 10 else 0, 0, 0


SPANS = {
    "days_hours": gettext_noop("{days} d {hours} h"),
    "days": gettext_noop("{days} d"),
    "hours_minutes": gettext_noop("{hours} h {minutes} min"),
    "hours": gettext_noop("{hours} h"),
    "minutes": gettext_noop("{minutes} min"),
    "seconds": gettext_noop("{seconds} s"),
    "instant": gettext_noop("under 1 s"),
}
"""How ``span`` and ``static/js/words.js`` write a duration."""
EXACT = {
    "minutes_seconds": gettext_noop("{minutes} min {seconds} s"),
}
"""How ``exact_span`` and ``static/js/words.js`` write what ``SPANS`` can't."""
AGO, JUST_NOW = gettext_noop("{duration} ago"), gettext_noop("just now")


def span(seconds: float) -> str:
    """The two largest units: ``under 1 s``, ``40 s``, ``42 min``, ``1 h 20 min``, ``2 d 1 h``."""
    days, hours, minutes, rest = _units(seconds)
    if days:
        words = SPANS["days_hours" if hours else "days"]
    elif hours:
        words = SPANS["hours_minutes" if minutes else "hours"]
    elif minutes:
        words = SPANS["minutes"]
    else:
        words = SPANS["seconds" if rest else "instant"]
    return _(words).format(days=days, hours=hours, minutes=minutes, seconds=rest)


def spelled_span(seconds: float) -> str:
    """``span`` for screen readers: ``42 minutes``, ``1 hour 20 minutes``."""
    days, hours, minutes, rest = _units(seconds)
    spelled = []
    if days:
        spelled.append(ngettext("%(count)d day", "%(count)d days", days) % {"count": days})
    if hours:
        spelled.append(ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours})
    if minutes:
        words = ngettext("%(count)d minute", "%(count)d minutes", minutes)
        spelled.append(words % {"count": minutes})
    if not spelled:
        return ngettext("%(count)d second", "%(count)d seconds", rest) % {"count": rest}
    return " ".join(spelled)


def is_instant(seconds: float) -> bool:
    """Too short for a number in ``exact_span``."""
    return seconds < 0.05


def exact_span(seconds: float) -> str:
    """``under 1 s``, ``0.4 s``, ``2 min 14 s``; else as ``span``."""
    if is_instant(seconds):
        return _(SPANS["instant"])
    if seconds < 10:
        # number_format cuts digits off instead of rounding.
        return _(SPANS["seconds"]).format(seconds=number_format(round(seconds, 1), 1))
    minutes, rest = divmod(int(seconds), MINUTE)
    if 1 <= minutes < 60 and rest:
        return _(EXACT["minutes_seconds"]).format(minutes=minutes, seconds=rest)
    return span(seconds)


def clock(at: datetime) -> str:
    """``10:45``."""
    return dateformat.format(localtime(at), "H:i")


def formats() -> dict[str, str]:
    """Formats of ``dateformat``; words.js knows ``D``, ``j``, ``M``, ``N``, ``Y``, ``H``, ``i``."""
    return {
        "format_this_week": pgettext("date format", "D H:i"),
        "format_this_year": pgettext("date format", "j M H:i"),
        "format_other_year": pgettext("date format", "j M Y"),
    }


def moment(at: datetime, now: datetime) -> str:
    """``10:45`` today, ``Wed 14:00`` within six days, ``3 Dec 14:00``, else ``3 Dec 2027``."""
    local, today = localtime(at), localtime(now)
    if local.date() == today.date():
        return clock(at)
    if abs((local.date() - today.date()).days) <= 6:
        return dateformat.format(local, formats()["format_this_week"])
    this_year = local.year == today.year
    return dateformat.format(local, formats()[f"format_{'this' if this_year else 'other'}_year"])


def near(at: datetime, now: datetime) -> bool:
    """Within the hour, or on the same day."""
    return at - now <= SOON or localtime(at).date() == localtime(now).date()


def at(instant: datetime, now: datetime) -> str:
    """Within a sentence: ``at 10:45``, ``Wed 14:00``."""
    words = moment(instant, now)
    same_day = localtime(instant).date() == localtime(now).date()
    sentence = _("at %(time)s") if same_day else _on_a_day()
    return sentence % {"time": words}


def _on_a_day() -> str:
    return pgettext("within a sentence", "%(time)s")


def exact_moment(at: datetime, now: datetime) -> str:
    local = localtime(at)
    if local.date() == localtime(now).date():
        return dateformat.format(local, "H:i:s")
    return dateformat.format(local, pgettext("date format", "j M H:i:s"))


def full(at: datetime) -> str:
    """Date and time in full, for a tooltip: ``Tue 24 November 2026, 10:45:12 UTC``."""
    return dateformat.format(localtime(at), pgettext("date format", "D j F Y, H:i:s T"))


def dated(at: datetime) -> str:
    """A time without regard to now: ``Tue 24 Nov 2026, 10:45 UTC``, with any seconds."""
    local = localtime(at)
    if local.second:
        return dateformat.format(local, pgettext("date format", "D j M Y, H:i:s T"))
    return dateformat.format(local, pgettext("date format", "D j M Y, H:i T"))


def day_time(at: datetime) -> str:
    """``Tue 24 Nov, 10:45``."""
    return dateformat.format(localtime(at), pgettext("date format", "D j M, H:i"))


def long_time(at: datetime) -> str:
    """``24 November 2026, 10:45``."""
    return dateformat.format(localtime(at), pgettext("date format", "j F Y, H:i"))


def is_recent(at: datetime, now: datetime) -> bool:
    """Within the last hour, or on the same day."""
    return now - at < timedelta(hours=1) or localtime(at).date() == localtime(now).date()


def ago(at: datetime, now: datetime) -> str:
    """``just now``, ``40 s ago``, ``3 h 10 min ago``, ``yesterday 16:20``, then as ``moment``."""
    seconds = (now - at).total_seconds()
    if seconds < 10:
        return _(JUST_NOW)
    if is_recent(at, now):
        return _(AGO).format(duration=span(seconds))
    if localtime(at).date() == localtime(now).date() - timedelta(days=1):
        return _("yesterday %(time)s") % {"time": clock(at)}
    return _on_a_day() % {"time": moment(at, now)}


def deadline(item: Interaction, now: datetime) -> Deadline | None:
    """The soft one until the question expires."""
    if item.expires_at is not None and item.expires_at <= now:
        return Deadline(item.expires_at, soft=False)
    return None if item.due_at is None else Deadline(item.due_at, soft=item.soft)


def band(due_at: datetime | None, now: datetime, tomorrow: datetime | None = None) -> Band:
    """``tomorrow`` is ``next_midnight(now)``, for callers that sort many."""
    if due_at is None:
        return BANDS["none"]
    seconds = (due_at - now).total_seconds()
    if seconds <= 0:
        return BANDS["late"]
    if seconds <= HOUR:
        return BANDS["hour"]
    if due_at < (tomorrow or next_midnight(now)):
        return BANDS["today"]
    return BANDS["later"]


def midnight(now: datetime) -> datetime:
    return localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


DATES = {
    "today": gettext_lazy("Today"),
    "7": gettext_lazy("Last 7 days"),
    "30": gettext_lazy("Last 30 days"),
    "90": gettext_lazy("Last 90 days"),
    "365": gettext_lazy("Last 365 days"),
}
"""Spans of days up to today that lists are filtered by."""
AGE_HOURS = {"1h": 1, "4h": 4, "1d": 24, "7d": 7 * 24}
"""Ages that lists are filtered by, besides ``today``."""


def since(dates: str, now: datetime) -> datetime:
    days = 1 if dates == "today" else int(dates)
    return midnight(now) - timedelta(days=days - 1)


def next_midnight(now: datetime) -> datetime:
    """Right even for a day of 23 or 25 hours."""
    return midnight(midnight(now) + timedelta(hours=36))
