"""The decision log refuses to be emptied, and a test of whole transactions ends by that."""

from collections.abc import Iterator

import pytest

from inbox.audit.anchor import appender
from tests.support.tampering import forget_anchored_heads, lift_triggers, wait_for_anchor


@pytest.fixture(autouse=True, scope="session")
def _heads_are_anchored_at_once() -> None:
    appender.every = 0.0


@pytest.fixture(autouse=True)
def _the_log_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lifts the triggers before the flush; the ``post_migrate`` after it lays them again. What the
    anchor file has of the log goes too.
    """
    marker = request.node.get_closest_marker("django_db")
    named = {"transactional_db", "live_server"} & set(request.fixturenames)
    whole = bool(named) or (marker is not None and marker.kwargs.get("transaction", False))
    databases = (marker.kwargs.get("databases") if marker else None) or ["default"]
    if not whole or "default" not in databases:
        yield
        return
    request.getfixturevalue("_django_db_helper")
    yield
    wait_for_anchor()
    forget_anchored_heads()
    lift_triggers()
