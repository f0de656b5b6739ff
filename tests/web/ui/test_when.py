from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation

from inbox.models import Interaction
from inbox.web.ui import deadlines, when

NOW = datetime(2026, 11, 24, 10, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under 1 s"),
        (0.9, "under 1 s"),
        (1, "1 s"),
        (40, "40 s"),
        (42 * 60, "42 min"),
        (60 * 60, "1 h"),
        (80 * 60, "1 h 20 min"),
        (185 * 60, "3 h 5 min"),
        (49 * 3600, "2 d 1 h"),
        (48 * 3600, "2 d"),
        (12 * 86400 + 3600, "12 d"),
    ],
)
def test_a_duration_is_shown_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert when.span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 second"),
        (42 * 60, "42 minutes"),
        (61 * 60, "1 hour 1 minute"),
        (49 * 3600, "2 days 1 hour"),
    ],
)
def test_a_screen_reader_gets_the_units_in_full(seconds: float, words: str) -> None:
    assert when.spelled_span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.01, "under 1 s"),
        (0.06, "0.1 s"),
        (0.44, "0.4 s"),
        (14, "14 s"),
        (134, "2 min 14 s"),
        (120, "2 min"),
        (4800, "1 h 20 min"),
    ],
)
def test_the_duration_of_a_step_is_given_to_the_second(seconds: float, words: str) -> None:
    assert when.exact_span(seconds) == words


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (NOW + timedelta(minutes=42), "10:45"),
        (datetime(2026, 11, 25, 14, 0, tzinfo=UTC), "Wed 14:00"),
        (datetime(2026, 11, 23, 16, 20, tzinfo=UTC), "Mon 16:20"),
        (datetime(2026, 12, 3, 14, 0, tzinfo=UTC), "3 Dec 14:00"),
        (datetime(2027, 12, 3, 14, 0, tzinfo=UTC), "3 Dec 2027"),
    ],
)
def test_a_moment_is_shown_by_clock_or_date(at: datetime, words: str) -> None:
    assert when.moment(at, NOW) == words


def test_a_moment_is_shown_in_the_current_time_zone() -> None:
    with timezone.override("Asia/Tokyo"):
        assert when.moment(NOW, NOW) == "19:03"
        assert when.at(NOW, NOW) == "at 19:03"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ({"seconds": 3}, "just now"),
        ({"seconds": 40}, "40 s ago"),
        ({"minutes": 56}, "56 min ago"),
        ({"hours": 3, "minutes": 10}, "3 h 10 min ago"),
        ({"hours": 18}, "yesterday 16:03"),
        ({"days": 3}, "Sat 10:03"),
    ],
)
def test_times_in_the_past_are_worded(before: dict[str, int], words: str) -> None:
    assert when.ago(NOW - timedelta(**before), NOW) == words


@pytest.mark.parametrize(
    ("after", "key"),
    [
        (None, "none"),
        (timedelta(minutes=-12), "late"),
        (timedelta(0), "late"),
        (timedelta(minutes=59), "hour"),
        (timedelta(hours=1), "hour"),
        (timedelta(hours=3), "today"),
        (timedelta(hours=14), "later"),
    ],
)
def test_each_question_is_in_one_band(after: timedelta | None, key: str) -> None:
    assert when.band(None if after is None else NOW + after, NOW).key == key


def test_within_the_hour_wins_over_midnight() -> None:
    late = datetime(2026, 11, 24, 23, 40, tzinfo=UTC)
    assert when.band(late + timedelta(minutes=30), late).key == "hour"


def test_a_soft_deadline_counts_until_the_item_has_expired() -> None:
    due, end = NOW - timedelta(minutes=5), NOW + timedelta(minutes=5)
    item, after = Interaction(due_at=due, expires_at=end, soft=True), end + timedelta(seconds=1)
    assert when.deadline(item, NOW) == when.Deadline(due, soft=True)
    assert when.deadline(item, after) == when.Deadline(end, soft=False)
    assert when.deadline(Interaction(), NOW) is None


@pytest.mark.parametrize(
    ("language", "minutes", "words"),
    [
        ("en", 5, "Expired at 09:58"),
        ("en", 2880, "Expired Sun 10:03"),
        ("de", 5, "Abgelaufen um 09:58"),
        ("de", 2880, "Abgelaufen am So., 10:03"),
    ],
)
def test_an_expiry_in_the_past_is_a_sentence(language: str, minutes: int, words: str) -> None:
    expired_at = NOW - timedelta(minutes=minutes)
    with translation.override(language):
        assert deadlines.sentence(expired_at, NOW, False, when.span, clock=True) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (-1, "vor 1 Min."),
        (-80, "vor 1 Std. 20 Min."),
        (-1440, "gestern um 11:03"),
        (-2880, "am So., 11:03"),
        (-20160, "am 10. Nov., 11:03"),
    ],
)
def test_german_has_its_own_formats(minutes: int, words: str) -> None:
    with translation.override("de"), timezone.override("Europe/Berlin"):
        assert when.ago(NOW + timedelta(minutes=minutes), NOW) == words
