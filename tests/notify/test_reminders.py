from datetime import timedelta

import pytest

from inbox.models import NotificationEvent, Upstream
from inbox.notify import reminders
from tests.support.snapshots import NOON, ask, at
from tests.web import cast
from tests.web.cast import soon, tell


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(minutes=20), {"50": 10}),
        (timedelta(minutes=29), {"50": 14.5}),
        (timedelta(minutes=40), {"50": 20, "last": 38}),
        (timedelta(minutes=100), {"50": 50, "80": 80, "last": 95}),
        (timedelta(days=100), {"50": 72000, "80": 115200, "last": 142560}),
    ],
)
def test_when_a_question_is_remembered(length: timedelta, expected: dict[str, float]) -> None:
    found = reminders.marks(NOON, NOON + length)
    assert {name: (mark - NOON).total_seconds() / 60 for name, mark in found} == expected


@pytest.fixture
def upstream(db: None) -> Upstream:
    cast.people()
    upstream = Upstream.current()
    upstream.seeded_at = soon(days=-1)
    upstream.save()
    return upstream


def written() -> list[str]:
    rows = NotificationEvent.objects.filter(kind="reminder").order_by("pk")
    return [f"{row.subject} {row.occurrence}" for row in rows]


def test_each_reminder_is_written_once_and_only_the_newest_that_was_missed(
    upstream: Upstream,
) -> None:
    tell(ask("int_1", created_at=soon(minutes=-90), expires_at=soon(minutes=10)))
    tell(ask("int_2", created_at=soon(minutes=-5), expires_at=soon(minutes=95)))
    now = soon()
    reminders.write(upstream, now)
    reminders.write(upstream, now + timedelta(minutes=1))
    assert written() == ["int_1 0 80"]
    reminders.write(upstream, now + timedelta(minutes=6))
    assert written() == ["int_1 0 80", "int_1 0 last"]


def test_a_reminder_from_more_than_an_hour_ago_is_not_written(upstream: Upstream) -> None:
    tell(ask("int_1", created_at=at(0), expires_at=soon(days=1)))
    tell(ask("int_2", created_at=soon(hours=-30), expires_at=soon(hours=30)))
    reminders.write(upstream, soon(hours=2))
    assert written() == []
