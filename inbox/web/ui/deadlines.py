from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import ceil

from django.utils.timezone import get_current_timezone_name, localtime, now
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from inbox.web.ui import when
from inbox.web.ui.script_words import DUE


@dataclass(frozen=True)
class ShownDeadline:
    """``tone`` is ``late``, ``soon`` or empty; screen readers get ``spoken``."""

    at: str
    soft: bool
    near: bool
    clock: str
    tone: str
    words: str
    spoken: str


def shown_deadline(at: datetime, *, soft: bool, long: bool = False) -> ShownDeadline:
    """``soft``: it can still be answered after ``at``. ``long`` adds the clock."""
    left = ceil((at - now()).total_seconds())
    tone = "late" if left <= 0 else "soon" if left <= when.HOUR else ""
    if abs(left) >= when.MINUTE:
        left = int(left / when.MINUTE) * when.MINUTE
    return _shown(at, left, tone, soft, long, get_language(), get_current_timezone_name())


@lru_cache(maxsize=1024)
def _shown(
    at: datetime,
    left: int,
    tone: str,
    soft: bool,
    long: bool,
    _language: str | None,
    _zone: str,
) -> ShownDeadline:
    """Cached: a list asks for many deadlines of which few have changed since it was last read."""
    now = at - timedelta(seconds=left)
    return ShownDeadline(
        at=localtime(at).isoformat(),
        soft=soft,
        near=at > now and when.near(at, now),
        clock=when.clock(at) if long else "",
        tone=tone,
        words=sentence(at, now, soft, when.span, clock=True) if long else chip(at, now, soft),
        spoken=sentence(at, now, soft, when.spelled_span, clock=long),
    )


def chip(at: datetime, now: datetime, soft: bool) -> str:
    """``42 min``, ``3 h 10 min``, ``Wed 14:00``, ``12 min late``, ``Expired``."""
    if at <= now:
        return sentence(at, now, soft, when.span, clock=False)
    return when.span((at - now).total_seconds()) if when.near(at, now) else when.moment(at, now)


def sentence(
    at: datetime, now: datetime, soft: bool, span: Callable[[float], str], *, clock: bool
) -> str:
    """``Expires in 42 min, 10:45``, ``Due Wed 14:00``, ``12 min late``, ``Expired at 10:45``."""
    seconds = (at - now).total_seconds()
    if seconds <= 0 and soft:
        return _(DUE["late"]).format(duration=span(-seconds))
    if seconds <= 0 and not clock:
        return _(DUE["expired"])
    if seconds <= 0:
        # The time comes with its preposition here, unlike below.
        return _("Expired {time}").format(time=when.at(at, now))
    if when.near(at, now):
        key = f"{'due_in' if soft else 'expires_in'}{'_at' if clock else ''}"
        time = when.clock(at) if clock else ""
        return _(DUE[key]).format(duration=span(seconds), time=time)
    far = _("Due {time}") if soft else _("Expires {time}")
    return far.format(time=when.moment(at, now))
