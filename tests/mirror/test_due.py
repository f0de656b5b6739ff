from datetime import datetime, timedelta
from typing import Any

import pytest

from inbox.lib.instants import EARLIEST, LATEST
from inbox.mirror.rows import due_of
from tests.support.snapshots import NOON

EXPIRY = NOON + timedelta(hours=2)


def test_it_is_due_at_its_soft_deadline() -> None:
    assert due_of({"due_at": "2026-03-02T14:00:00+01:00"}, EXPIRY) == (
        NOON + timedelta(hours=1),
        True,
    )


def test_a_soft_deadline_counts_without_an_expiry() -> None:
    assert due_of({"due_at": "2026-03-02T12:00:00Z"}, None) == (NOON, True)


def test_without_a_soft_deadline_it_is_due_when_it_expires() -> None:
    assert due_of({}, EXPIRY) == (EXPIRY, False)
    assert due_of({}, None) == (None, False)


@pytest.mark.parametrize(
    "wish",
    [
        "2026-03-02T12:00:00",
        "2026-03-02",
        "2026-13-02T12:00:00Z",
        "tomorrow",
        "20260302T120000Z",
        1772452800,
        None,
        ["2026-03-02T12:00:00Z"],
        "2026-03-02T14:00:00.1Z",
    ],
)
def test_a_soft_deadline_that_is_no_time_before_the_expiry_is_ignored(wish: Any) -> None:
    assert due_of({"due_at": wish}, EXPIRY) == (EXPIRY, False)


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        ("0001-01-01T00:00:00+14:00", EARLIEST),
        ("0001-01-01T00:00:00Z", EARLIEST),
        ("9999-12-31T23:59:59Z", LATEST),
        ("9999-12-31T23:59:59-12:00", LATEST),
    ],
)
def test_a_soft_deadline_is_a_time_that_every_time_zone_has(wish: str, due: datetime) -> None:
    assert due_of({"due_at": wish}, None) == (due, True)
