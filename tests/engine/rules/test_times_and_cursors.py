import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest

from inbox.engine.actions import paging
from inbox.engine.rules import times
from inbox.engine.rules.errors import EngineError

NOON = datetime(2026, 4, 24, 12, 0, tzinfo=UTC)


def test_a_time_is_written_in_utc_with_microseconds():
    assert times.to_text(NOON) == "2026-04-24T12:00:00.000000Z"
    east = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert times.to_text(east) == "2026-04-24T12:00:00.000000Z"


@pytest.mark.parametrize(
    "text", ["2026-04-24T12:00:00Z", "2026-04-24t12:00:00.0z", "2026-04-24T14:00:00.000+02:00"]
)
def test_a_time_with_an_offset_is_read(text):
    assert times.read_time(text) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-24T12:00:00",
        "2026-04-24",
        "now",
        "2026-13-24T12:00:00Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_time_without_an_offset_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  the words are datetime's own
        times.read_time(text)


def test_a_cursor_gives_back_what_it_was_made_of():
    cursor = paging.to_cursor("runs", times.to_text(NOON), "run_1")
    assert paging.read_time_cursor("runs", cursor) == (NOON, "run_1")
    assert paging.read_number_cursor("steps", paging.to_cursor("steps", "17")) == 17


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "nonsense",
        "é",
        paging.to_cursor("interactions", times.to_text(NOON), "run_1"),
        paging.to_cursor("runs", "yesterday", "run_1"),
        paging.to_cursor("runs", times.to_text(NOON)),
        paging.to_cursor("runs", times.to_text(NOON), "a\0"),
        base64.urlsafe_b64encode(b"[" * 9000).decode(),
        base64.urlsafe_b64encode(b'["runs", 3, null]').decode(),
    ],
)
def test_any_other_cursor_is_a_400(cursor):
    with pytest.raises(EngineError) as caught:
        paging.read_time_cursor("runs", cursor)
    assert caught.value.status == 400


@pytest.mark.parametrize("key", ["x", "-1", "²", "9" * 30])
def test_a_cursor_that_counts_has_a_number(key):
    with pytest.raises(EngineError):
        paging.read_number_cursor("steps", paging.to_cursor("steps", key))
