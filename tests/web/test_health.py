from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.mirror.freshness import Reason, Trouble, sync_status, trouble_of
from inbox.mobius.errors import OtherApi, Rejected
from inbox.mobius.types import Generation
from tests.web.cast import sign_in, soon


def test_it_is_alive_without_a_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def ready(client: Client | None = None) -> tuple[int, dict[str, Any]]:
    answer = (client or Client()).get("/readyz")
    return answer.status_code, answer.json()


@pytest.fixture
def admin(people: None) -> Client:
    return sign_in("admin")


def test_it_is_ready_with_a_migrated_database(db: None) -> None:
    assert ready() == (200, {"status": "ready"})


def test_it_stays_ready_for_five_minutes_after_mobius_was_heard(db: None, away: None) -> None:
    assert ready() == (200, {"status": "ready"})


def test_a_refused_key_makes_it_degraded(db: None, away: None) -> None:
    sync_status.update(trouble=Trouble(Reason.KEY_REFUSED))
    assert ready() == (200, {"status": "degraded"})


def test_another_api_makes_it_degraded(admin: Client, away: None) -> None:
    sync_status.update(trouble=Trouble(Reason.OTHER_API, generation=Generation.B))
    assert ready() == (200, {"status": "degraded"})
    assert ready(admin)[1]["reasons"] == ["Mobius now uses generation B of the API."]


def test_a_dead_sync_makes_it_degraded(db: None, away: None) -> None:
    sync_status.update(heard_at=soon(minutes=-6), broken_at=soon(minutes=-6))
    assert ready() == (200, {"status": "degraded"})


def test_a_probe_does_not_wait_for_a_database_that_is_known_to_be_away(
    db: None, away: None
) -> None:
    sync_status.update(database_problem=Reason.DATABASE_SILENT)
    with CaptureQueriesContext(connection) as queries:
        assert ready() == (503, {"status": "unavailable"})
    assert not queries.captured_queries


def test_a_migration_that_is_missing_makes_it_unavailable(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="inbox").delete()
    assert ready() == (503, {"status": "unavailable"})


def test_administrators_also_get_the_reasons(admin: Client, away: None) -> None:
    sync_status.update(trouble=Trouble(Reason.KEY_REFUSED))
    status, state = ready(admin)
    assert (status, state["status"], state["upstream"]) == (200, "degraded", "stale")
    assert state["reasons"] == ["Mobius doesn't accept the service key."]
    assert state["capabilities"]["groups"] == "unknown"
    assert state["api"] == "the guide's (A), until Mobius shows which one it has"
    MigrationRecorder.Migration.objects.filter(app="inbox").delete()
    assert ready(admin)[1]["reasons"] == ["Some migrations haven't been applied."]


def test_another_api_than_the_chosen_one_is_named(admin: Client, away: None, settings: Any) -> None:
    sync_status.update(trouble=trouble_of(OtherApi(Generation.C)))
    state = ready(admin)[1]
    assert "Mobius now uses generation C of the API." in state["sync"]
    assert state["sync_explained"].startswith("The inbox follows once a second check")
    settings.MOBIUS_API = "a"
    assert ready(admin)[1]["sync_explained"].startswith("Correct MOBIUS_API")


def test_administrators_also_see_the_message_of_mobius(admin: Client, away: None) -> None:
    for message, said in [
        ("no", "Mobius refused GET /interactions/int_9 (422: no)."),
        ("", "Mobius refused GET /interactions/int_9 (422)."),
    ]:
        error = Rejected("Mobius returned 422", status=422, upstream_message=message)
        error.request = "GET /interactions/int_9"
        sync_status.update(trouble=trouble_of(error))
        assert ready(admin)[1]["sync_explained"] == said
        assert said in admin.get("/connection/").content.decode()


def test_no_one_else_gets_the_reasons(tess: Client, away: None) -> None:
    sync_status.update(trouble=Trouble(Reason.KEY_REFUSED))
    assert ready(tess) == (200, {"status": "degraded"})


def test_administrators_see_which_records_are_too_large_to_read(
    admin: Client, tess: Client, away: None
) -> None:
    sync_status.update(skipped=("int_huge",))
    assert ready(admin)[1]["too_large_to_read"] == ["int_huge"]
    assert "Too large to sync: int_huge" in admin.get("/account/").content.decode()
    assert "int_huge" not in tess.get("/account/").content.decode()


def test_a_probe_writes_nothing(admin: Client, away: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        ready()
        ready(admin)
    assert queries.captured_queries
    assert [q["sql"] for q in queries if not q["sql"].lstrip().startswith("SELECT")] == []


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_only_read_and_never_kept(db: None, path: str) -> None:
    assert Client().post(path).status_code == 405
    answer: Any = Client().get(path)
    assert "no-store" in answer["Cache-Control"]
