from collections.abc import Iterator
from typing import Any

import pytest

from inbox.answering import batch_runner, command, question
from inbox.processes import dedicated_connection, lease, postgres_bus
from tests.fixtures_engine import LaterProject, Project
from tests.support.desk import Desk
from tests.support.scripted_server import ScriptedServer


@pytest.fixture
def server(project: Project) -> Iterator[ScriptedServer]:
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
    return Desk(project, server, settings)


@pytest.fixture
def later_desk(
    db: None, later_project: LaterProject, settings: Any, patience: None
) -> Iterator[Desk]:
    """The same with generation B."""
    settings.MOBIUS_API = later_project.api
    with ScriptedServer(upstream=later_project.base_url) as between:
        yield Desk(later_project, between, settings)
