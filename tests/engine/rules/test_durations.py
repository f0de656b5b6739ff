from datetime import timedelta

import pytest

from inbox.engine.rules import times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("24h", timedelta(hours=24)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        (".5s", timedelta(milliseconds=500)),
        ("1.s", timedelta(seconds=1)),
        ("300ms", timedelta(milliseconds=300)),
        ("7us", timedelta(microseconds=7)),
        ("7µs", timedelta(microseconds=7)),
        ("1500ns", timedelta(microseconds=1)),
        ("0", timedelta(0)),
        ("+5m", timedelta(minutes=5)),
        ("-5m", timedelta(minutes=-5)),
    ],
)
def test_it_reads_what_go_reads(text, expected):
    assert times.read_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "5", "h", "1d", "1h 30m", "1,5h", "--1s", "1h30", ".s", "9999999h", "١s", "1e3s"]
)
def test_it_refuses_what_go_refuses(text):
    with pytest.raises(ValueError, match="Go duration"):
        times.read_duration(text)
