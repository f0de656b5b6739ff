from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.engine.http.limits import RateLimit
from inbox.engine.rules.errors import EngineError
from tests.engine.http.refusals import refused
from tests.fixtures_engine import Project, fresh_project
from tests.support import databases
from tests.support.engine_process import EngineProcess


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_it_refuses_calls_beyond_the_limit_and_says_how_long_to_wait() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    remaining = [limit.take("a")["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    with pytest.raises(EngineError) as refusal:
        limit.take("a")
    assert refusal.value.headers == {
        "Retry-After": "20",
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1000060",
    }


def test_generations_b_and_c_say_what_is_limited() -> None:
    limit = RateLimit(1, Clock(), explains=True)
    limit.take("a")
    with pytest.raises(EngineError) as refusal:
        limit.take("a")
    wait = {"window": "60s", "limit": 1, "retry_after_seconds": 60}
    assert refusal.value.details == {"scope": "key", **wait}
    assert refusal.value.headers is not None
    assert refusal.value.headers["X-RateLimit-Scope"] == "key"
    assert refusal.value.headers["X-RateLimit-Policy"] == "1;w=60"


def test_after_the_wait_that_it_named_one_call_passes() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    for _ in range(3):
        limit.take("a")
    clock.now += 20
    limit.take("a")
    with pytest.raises(EngineError):
        limit.take("a")


def test_after_the_clock_is_set_back_the_wait_is_no_longer() -> None:
    clock = Clock()
    limit = RateLimit(3, clock)
    for _ in range(3):
        limit.take("a")
    clock.now -= 3600
    with pytest.raises(EngineError) as refusal:
        limit.take("a")
    assert refusal.value.headers["Retry-After"] == "20"


def test_each_token_has_its_own_limit() -> None:
    limit = RateLimit(1, Clock())
    limit.take("a")
    limit.take("b")
    with pytest.raises(EngineError):
        limit.take("a")


def test_made_up_tokens_are_forgotten() -> None:
    clock = Clock()
    limit = RateLimit(60, clock)
    for number in range(10_000):
        limit.take(f"made up {number}")
    clock.now += 61
    limit.take("a")
    assert len(limit) == 1


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Project]:
    environment = databases.environment(tmp_path, "limited")
    process = EngineProcess(environment, ENGINE_RATE_LIMIT="2")
    process.start()
    project = fresh_project(process)
    yield project
    project.close()
    process.stop()


def test_over_http_it_is_a_429_with_all_headers(limited: Project) -> None:
    first, second, third = (limited.http.get("runs") for _ in range(3))
    assert first.headers["x-ratelimit-limit"] == "2"
    assert (first.headers["x-ratelimit-remaining"], second.headers["x-ratelimit-remaining"]) == (
        "1",
        "0",
    )
    refused(third, 429, "rate_limit_exceeded")
    assert 1 <= int(third.headers["retry-after"]) <= 30
    assert int(third.headers["x-ratelimit-reset"]) > 1_700_000_000
    assert limited.as_("user_rina").get("runs").status_code == 200
