"""The product's parts in front of a real engine."""

from collections.abc import Iterator
from typing import Any

import pytest

from inbox.live import dedicated_connection, postgres_bus
from inbox.mirror import lease
from inbox.services import batch_runner, command, question
from tests.fixtures_engine import Project
from tests.support.desk import Desk
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def server(project: Project) -> Iterator[ScriptedServer]:
    """A scripted server between the product and its engine."""
    with ScriptedServer(upstream=project.base_url) as between:
        yield between


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, no response from Mobius comes too late for the services, and
    none from PostgreSQL for what keeps several processes in step.
    """
    for module in (batch_runner, command, question):
        monkeypatch.setattr(module, "READ_WITHIN", 60.0)
    monkeypatch.setattr(command, "READ_WITHIN_LIMIT", 60.0)
    monkeypatch.setattr(dedicated_connection, "TIMEOUT", 60.0)
    monkeypatch.setattr(lease, "VALID_FOR", 60.0)
    monkeypatch.setattr(postgres_bus, "ANSWERED_WITHIN", 60.0)


@pytest.fixture
def desk(db: None, project: Project, server: ScriptedServer, settings: Any, patience: None) -> Desk:
    """Rina, Sam, Lee and Tess, each with a token, and a project of their own."""
    return Desk(project, server, settings)
