"""The decision log refuses to be emptied, and a test of whole transactions ends by that."""

from collections.abc import Iterator

import pytest

from inbox.models import DecisionHead
from inbox.services.audit import entry_count
from tests.support.tampering import lift_triggers


@pytest.fixture(autouse=True)
def _the_log_can_be_emptied(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lifts the triggers before the flush; the ``post_migrate`` after it lays them again. The note
    of how long the log was goes too.
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
    entry_count.reset(DecisionHead(number=0))
    lift_triggers()
