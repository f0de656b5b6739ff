"""Alive, and ready to serve."""

from typing import Any

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_it_is_alive_without_a_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_with_a_migrated_database(db: None) -> None:
    answer = Client().get("/readyz")
    state = answer.json()
    assert (answer.status_code, state["status"]) == (200, "ready")
    assert (state["database"], state["migrations"]) == ("ok", "ok")


def test_an_absent_mobius_is_told_and_no_reason_to_be_unready(db: None, away: None) -> None:
    answer = Client().get("/readyz")
    state = answer.json()
    assert (answer.status_code, state["upstream"]) == (200, "stale")
    assert "Mobius is not answering" in state["sync"]
    assert state["sync_lag_seconds"] == 0


def test_a_migration_that_is_missing_makes_it_unready(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="inbox").delete()
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "not applied")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_it_is_only_read_and_never_kept(db: None, path: str) -> None:
    assert Client().post(path).status_code == 405
    answer: Any = Client().get(path)
    assert "no-store" in answer["Cache-Control"]
