"""When things happen at Quillmoor: arrivals by weekday and hour, and how long people take."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from math import exp
from random import Random

from inbox.engine.demo.cast import LEE, RINA, SAM, TESS

WORKDAY, WEEKEND = 30, 4
"""Questions that a day brings about."""

_HOURS = {7: 1, 8: 4, 9: 8, 10: 9, 11: 8, 12: 4, 13: 6, 14: 8, 15: 7, 16: 5, 17: 3, 20: 1, 23: 1}
_OPENS, _CLOSES = time(8), time(18)
_PACE = {RINA: 0.7, SAM: 1.5, LEE: 1.0, TESS: 1.2}
_TYPICAL = 22.0
"""Minutes from being asked to the answer, within working hours."""


def arrivals(dice: Random, days: int, now: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The instants at which questions are asked, in order, from so many days ago until ``now``."""
    today = now.astimezone(zone).date()
    for back in range(days, -1, -1):
        day = today - timedelta(days=back)
        usual = WEEKEND if day.weekday() >= 5 else WORKDAY
        # Busier towards Christmas, and no two days alike.
        swell = 1 + 0.35 * (days - back) / max(1, days)
        count = max(0, round(dice.gauss(usual * swell, usual * 0.22)))
        found = sorted(_moment(dice, day, zone) for _ in range(count))
        yield from (at for at in found if at < now)


def _moment(dice: Random, day: date, zone: tzinfo) -> datetime:
    [hour] = dice.choices(list(_HOURS), weights=list(_HOURS.values()))
    at = time(hour, dice.randrange(60), dice.randrange(60), dice.randrange(10**6))
    return datetime.combine(day, at, tzinfo=zone)


def delay(dice: Random, who: str, *, learning: float = 0.0) -> timedelta:
    """How long somebody takes within working hours; ``learning`` from 0 to 1 makes it shorter."""
    minutes = _TYPICAL * _PACE.get(who, 1.0) * exp(dice.gauss(0, 1.1)) * (1 - 0.45 * learning)
    return timedelta(minutes=min(max(minutes, 0.3), 60 * 40))


def at_work(dice: Random, at: datetime, zone: tzinfo) -> datetime:
    """The instant itself, or one in the next morning where nobody is at work then.

    Some look in the evening too, and hardly anybody on a Sunday.
    """
    local = at.astimezone(zone)
    if dice.random() < 0.12 and local.weekday() < 6:
        return at
    while local.weekday() >= 5 or local.time() >= _CLOSES:
        local = datetime.combine(local.date() + timedelta(days=1), _OPENS, tzinfo=zone)
    if local.time() < _OPENS:
        local = datetime.combine(local.date(), _OPENS, tzinfo=zone)
    if local == at:
        return at
    # Into the morning, never before what was worked out.
    return max(at, local + timedelta(minutes=abs(dice.gauss(0, 50))))
