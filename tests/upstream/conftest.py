from collections.abc import Iterator
from typing import Any

import pytest

from inbox.mirror.freshness import Facts, sync_status
from inbox.people.demo import CAST
from tests.support.people import make_people
from tests.upstream import LaterServer


@pytest.fixture(params=["b", "c1", "c"])
def later_server(request: pytest.FixtureRequest, db: None, settings: Any) -> Iterator[LaterServer]:
    """The product's Mobius, where everyone has a token. The parameter is its dialect."""
    with LaterServer(request.param) as server:
        settings.EMBEDDED = False
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT, settings.MOBIUS_API_KEY = "demo", server.key
        settings.MOBIUS_API = server.generation
        make_people(tokens={one.mobius_id: server.state.token_of(one.mobius_id) for one in CAST})
        yield server
        sync_status.update(**vars(Facts()))
