"""What a person wants to be told, where and when."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from inbox.models import Mute, NotificationChoice, NotificationEvent, NotificationTimes, Reviewer
from inbox.models.notification import Channel, When
from inbox.people import time_zones

Kind = NotificationEvent.Kind

DEFAULTS: dict[Channel, dict[Kind, When]] = {
    Channel.BELL: {Kind.ANSWERED_BY_OTHER: When.OFF},
    Channel.EMAIL: {
        Kind.ASKED: When.DIGEST,
        Kind.ASKED_GROUP: When.DIGEST,
        Kind.TO_REVIEW: When.DIGEST,
        Kind.CHANGES_REQUESTED: When.DIGEST,
        Kind.NUDGED: When.DIGEST,
        Kind.REMINDER: When.DIGEST,
        Kind.NOT_SENT: When.DIGEST,
        Kind.TOKEN_REFUSED: When.DIGEST,
    },
    Channel.PUSH: {
        Kind.ASKED: When.NOW,
        Kind.TO_REVIEW: When.NOW,
        Kind.NUDGED: When.NOW,
        Kind.REMINDER: When.NOW,
        Kind.EXPIRED: When.NOW,
        Kind.NOT_SENT: When.NOW,
        Kind.TOKEN_REFUSED: When.NOW,
    },
}
"""What isn't named here is at once by the bell, and off by the others."""

OFFERED: dict[Channel, tuple[When, ...]] = {
    Channel.BELL: (When.NOW, When.OFF),
    Channel.EMAIL: (When.NOW, When.DIGEST, When.OFF),
    Channel.PUSH: (When.NOW, When.OFF),
}
ALWAYS_TOLD = (Kind.NUDGED, Kind.NOT_SENT, Kind.TOKEN_REFUSED)
"""The bell has these whatever was chosen, and they can't be muted for good."""
_PLANNED_AS: dict[str, Kind] = {Kind.SUMMARY: Kind.ASKED}


class Plans:
    """Of several people, with a fixed number of queries."""

    def __init__(self, reviewers: Iterable[Reviewer], now: datetime) -> None:
        ids = [reviewer.pk for reviewer in reviewers]
        self._chosen: dict[int, dict[tuple[str, str], When]] = defaultdict(dict)
        for row in NotificationChoice.objects.filter(reviewer__in=ids):
            self._chosen[row.reviewer_id][row.kind, row.channel] = When(row.when)
        mutes = Mute.objects.filter(reviewer__in=ids).in_force(now)
        self._muted = set(mutes.values_list("reviewer", "kind", "workflow"))

    def when(self, reviewer: Reviewer, kind: str, channel: Channel) -> When:
        if channel is Channel.BELL and kind in ALWAYS_TOLD:
            return When.NOW
        kind = _PLANNED_AS.get(kind, kind)
        chosen = self._chosen.get(reviewer.pk, {}).get((kind, channel.value))
        return chosen or default(kind, channel)

    def muted(self, reviewer: Reviewer, kind: str, workflow: str) -> bool:
        """``workflow`` is empty where there is none. A muted one holds back none of
        ``ALWAYS_TOLD``.
        """
        if (reviewer.pk, _PLANNED_AS.get(kind, kind), "") in self._muted:
            return True
        return kind not in ALWAYS_TOLD and (reviewer.pk, "", workflow) in self._muted


def offered(kind: Kind, channel: Channel) -> tuple[When, ...]:
    """What can be chosen. The bell always has what ``ALWAYS_TOLD`` names."""
    return () if channel is Channel.BELL and kind in ALWAYS_TOLD else OFFERED[channel]


def default(kind: str, channel: Channel) -> When:
    usual = When.NOW if channel is Channel.BELL else When.OFF
    return DEFAULTS[channel].get(Kind(kind), usual)


def choose(reviewer: Reviewer, kind: str, channel: Channel, when: When) -> None:
    """The default is stored too: it is the person's choice now."""
    NotificationChoice.objects.update_or_create(
        reviewer=reviewer, kind=kind, channel=channel, defaults={"when": when}
    )


def times_of(reviewer: Reviewer) -> NotificationTimes:
    """Stored or not."""
    return NotificationTimes.objects.filter(reviewer=reviewer).first() or NotificationTimes(
        reviewer=reviewer
    )


def zone_of(reviewer: Reviewer) -> ZoneInfo:
    """The chosen one, else the last that their browser named, else the installation's."""
    return (
        time_zones.find(reviewer.time_zone)
        or time_zones.find(reviewer.browser_zone)
        or ZoneInfo(settings.TIME_ZONE)
    )


def next_digest(times: NotificationTimes, zone: ZoneInfo, after: datetime) -> datetime | None:
    """The first digest after ``after``; None if there is none. A time that the clocks skip is that
    much later, and of two equal ones the first counts.
    """
    every = times.Every(times.digest)
    if every is times.Every.NEVER:
        return None
    wall = time(*divmod(times.digest_minute, 60))
    day = after.astimezone(zone).date()
    while True:
        at = datetime.combine(day, wall, zone).astimezone(after.tzinfo)
        wanted = {
            times.Every.DAY: True,
            times.Every.WORKDAY: day.weekday() < 5,
            times.Every.WEEK: day.weekday() == 0,
        }[every]
        if wanted and at > after:
            return at
        day += timedelta(days=1)


def quiet_until(times: NotificationTimes, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet hours end that ``at`` is in; None if it is in none."""
    end, local = at, at.astimezone(zone)
    # Quiet hours and a weekend may follow each other.
    while (later := _end_of_period(times, zone, local)) is not None:
        end, local = later.astimezone(at.tzinfo), later
    return end if end > at else None


def _end_of_period(times: NotificationTimes, zone: ZoneInfo, local: datetime) -> datetime | None:
    if times.quiet_weekends and local.weekday() >= 5:
        monday = local.date() + timedelta(days=7 - local.weekday())
        return _wall(monday, 0, zone)
    begin, end = times.quiet_from, times.quiet_until
    minute = local.hour * 60 + local.minute
    if begin < end and begin <= minute < end:
        return _wall(local.date(), end, zone)
    if begin > end and minute >= begin:
        return _wall(local.date() + timedelta(days=1), end, zone)
    if begin > end and minute < end:
        return _wall(local.date(), end, zone)
    return None


def _wall(day: date, minute: int, zone: ZoneInfo) -> datetime:
    at = datetime.combine(day, time(*divmod(minute, 60)), zone)
    return at.astimezone(ZoneInfo("UTC")).astimezone(zone)
