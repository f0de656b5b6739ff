from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from tests.support import databases

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def empty(db: None, django_db_blocker: Any, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """A connection to an empty database beside the suite's."""
    settings.DATABASE_ROUTERS = []
    url = databases.environment(tmp_path, "empty")["ENGINE_DATABASE_URL"]
    name = urlsplit(url).path.lstrip("/") if url else str(tmp_path / "empty.sqlite3")
    connections.databases["another"] = {**connections["engine"].settings_dict, "NAME": name}
    with django_db_blocker.unblock():
        yield connections["another"]
        connections["another"].close()
    del connections["another"]
    del connections.databases["another"]


def migrated(connection: Any, to: str) -> Any:
    MigrationExecutor(connection).migrate([("engine", to)])
    state = MigrationExecutor(connection).loader.project_state([("engine", to)])
    return lambda name: state.apps.get_model("engine", name).objects.using(connection.alias)


def test_answers_that_a_group_has_given_survive_the_upgrade_and_the_way_back(empty: Any) -> None:
    answer = {
        "user_id": "user_lee",
        "value": False,
        "comment": "No.",
        "responded_at": "2026-05-01T10:00:00.000000Z",
    }
    before = migrated(empty, "0001_initial")
    project = before("Project").create(handle="demo", created_at=NOW)
    before("Interaction").create(
        id="int_01HW1N1A2B3C4D5E6F7G8H9J0K",
        project=project,
        type="approval",
        message="Ship it?",
        target_type="group",
        members=["user_lee", "user_sam"],
        routing_policy="all_members",
        partial_responses=[answer],
        created_at=NOW,
        updated_at=NOW,
    )
    (kept,) = migrated(empty, "0002_later_generations")("Interaction").get().responses
    assert kept == {"id": "iresp_01HW1N1A2B3C4D5E6F7G8H9J0K_0", **answer, "round": 0}
    again = migrated(empty, "0001_initial")("Interaction").get()
    assert again.partial_responses == [answer]
