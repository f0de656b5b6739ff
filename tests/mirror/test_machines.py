from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.mirror import machines
from inbox.models import Upstream
from inbox.people.clients import service_client
from inbox.people.names import names_of
from tests.fixtures_engine import LaterProject


@pytest.mark.usefixtures("db")
async def test_machines_are_called_as_in_mobius(later_project: LaterProject, settings: Any) -> None:
    settings.MOBIUS_API, settings.MOBIUS_PROJECT = later_project.api, later_project.handle
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = later_project.base_url
    settings.MOBIUS_API_KEY = later_project.service_key
    asked = later_project.ask()
    upstream = await sync_to_async(Upstream.current)()
    await machines.read(service_client(upstream))
    names = await sync_to_async(names_of)(upstream, [asked["created_by"]])
    assert names.of(asked["created_by"]) == "Service key"
