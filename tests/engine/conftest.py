from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from inbox.engine.rules.errors import EngineError
from tests.engine.team import Team, make_team


@pytest.fixture
def team() -> Team:
    """A fresh project; the test says by its mark how it reaches the database."""
    return make_team()


@pytest.fixture
def refusal():
    """``with refusal(409, "conflict") as caught``; ``caught[0]`` is the error."""

    @contextmanager
    def refused(status: int, code: str, /, **details: object) -> Iterator[list[EngineError]]:
        caught: list[EngineError] = []
        with pytest.raises(EngineError) as raised:
            yield caught
        error = raised.value
        caught.append(error)
        assert (error.status, error.code) == (status, code), error.message
        for name, value in details.items():
            assert (error.details or {})[name] == value

    return refused
