from datetime import UTC, datetime

import pytest

from inbox.engine.rules.actions import perform
from inbox.engine.rules.errors import StepFailed

NOW = datetime(2026, 4, 24, tzinfo=UTC)


def test_print_gives_its_message():
    assert perform("print", {"message": "hello"}, NOW) == ({"value": "hello"}, "hello")
    assert perform("print", {"message": [1]}, NOW) == ({"value": [1]}, "[1]")


def test_json_gives_its_parameters():
    assert perform("json", {"a": [1]}, NOW) == ({"value": {"a": [1]}}, '{"a": [1]}')


def test_time_gives_the_time():
    assert perform("time", {}, NOW)[0] == {"value": "2026-04-24T00:00:00.000000Z"}


def test_random_stays_within_its_bounds():
    drawn = {perform("random", {"min": 1, "max": 3}, NOW)[0]["value"] for _ in range(200)}
    assert drawn == {1, 2, 3}


@pytest.mark.parametrize(
    "bounds", [{"min": 2, "max": 1}, {"min": "a"}, {"max": True}, {"max": 1.5}]
)
def test_random_refuses_senseless_bounds(bounds):
    with pytest.raises(StepFailed):
        perform("random", bounds, NOW)


def test_fail_fails_with_its_message():
    with pytest.raises(StepFailed, match="out of paper"):
        perform("fail", {"message": "out of paper"}, NOW)
