"""Digests and quiet hours keep to the person's wall clock."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command

from inbox.models import NotificationTimes, Reviewer
from inbox.models.notification import Channel, Kind, When
from inbox.notify.plan import Plans, next_digest, quiet_until
from tests.web import cast

BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
Every = NotificationTimes.Every


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(**fields: object) -> NotificationTimes:
    return NotificationTimes(**fields)


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        (BERLIN, "2026-03-28 12:00", "2026-03-29 06:00"),  # summer time begins that night
        (BERLIN, "2026-10-24 12:00", "2026-10-25 07:00"),  # and ends that night
        (NEW_YORK, "2026-03-07 20:00", "2026-03-08 12:00"),
        (NEW_YORK, "2026-10-31 20:00", "2026-11-01 13:00"),
        (KOLKATA, "2026-03-28 12:00", "2026-03-29 02:30"),
    ],
)
def test_a_digest_comes_at_the_chosen_hour_of_the_persons_day(
    zone: ZoneInfo, after: str, expected: str
) -> None:
    daily = times(digest=Every.DAY, digest_minute=8 * 60)
    assert next_digest(daily, zone, utc(after)) == utc(expected)


def test_a_digest_at_an_hour_that_the_clocks_skip_is_an_hour_later() -> None:
    early = times(digest=Every.DAY, digest_minute=2 * 60 + 30)
    assert next_digest(early, BERLIN, utc("2026-03-28 12:00")) == utc("2026-03-29 01:30")


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        (Every.WORKDAY, "2026-12-07 08:00"),
        (Every.WEEK, "2026-12-07 08:00"),
        (Every.DAY, "2026-12-05 08:00"),
        (Every.NEVER, None),
    ],
)
def test_the_digest_after_a_friday_morning(every: Every, expected: str | None) -> None:
    found = next_digest(times(digest=every), ZoneInfo("UTC"), utc("2026-12-04 09:00"))
    assert found == (None if expected is None else utc(expected))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-12-03 19:00", "2026-12-04 07:00"),  # 20:00 to 08:00 in Berlin
        ("2026-12-04 06:59", "2026-12-04 07:00"),
        ("2026-12-04 07:00", None),
        ("2026-12-03 18:59", None),
        ("2026-03-28 20:00", "2026-03-29 06:00"),  # a night that has 11 hours
    ],
)
def test_quiet_hours_over_midnight(at: str, expected: str | None) -> None:
    nightly = times(quiet_from=20 * 60, quiet_until=8 * 60)
    found = quiet_until(nightly, BERLIN, utc(at))
    assert found == (None if expected is None else utc(expected))


def test_a_quiet_weekend_ends_with_the_quiet_hours_of_monday() -> None:
    always = times(quiet_from=20 * 60, quiet_until=8 * 60, quiet_weekends=True)
    assert quiet_until(always, KOLKATA, utc("2026-12-04 20:00")) == utc("2026-12-07 02:30")


def test_without_quiet_hours_nothing_waits() -> None:
    assert quiet_until(times(), BERLIN, utc("2026-12-05 03:00")) is None


def test_a_command_chooses_what_a_person_is_told(db: None) -> None:
    cast.people()
    call_command("set_notifications", "lee", "asked", "email", "now")
    lee = Reviewer.objects.get(user__username="lee")
    assert Plans([lee], utc("2026-12-04 09:00")).when(lee, Kind.ASKED, Channel.EMAIL) is When.NOW


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nobody", "asked", "email", "now"), "There is no account nobody."),
        (("lee", "nudged", "bell", "off"), "nudged by bell can be: nothing."),
        (("lee", "asked", "bell", "digest"), "asked by bell can be: now, off."),
        (("lee", "asked", "pigeon", "now"), "invalid choice: 'pigeon'"),
    ],
)
def test_the_command_refuses_what_cannot_be_chosen(
    db: None, arguments: tuple[str, ...], reason: str
) -> None:
    cast.people()
    with pytest.raises(CommandError, match=re.escape(reason)):
        call_command("set_notifications", *arguments)
