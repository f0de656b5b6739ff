import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from inbox.audit.flaw import Flaw
from inbox.audit.log_status import log_verifier
from inbox.audit.problem import Problem
from inbox.audit.verify import Verdict
from inbox.lib import metrics
from inbox.lib.version import VERSION
from inbox.mirror.database import watch
from inbox.mirror.freshness import Reason, Trouble, sync_status
from inbox.models import Attempt, Reviewer, Upstream
from inbox.upstream import measuring
from inbox.upstream.readiness import readiness
from reviewer_site.environment import ROOT
from tests.support.snapshots import group_ask
from tests.web import cast

TOKEN = "0123456789abcdef0123456789abcdef"
LISTED = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", re.MULTILINE)


@pytest.fixture(autouse=True)
def token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def read(**headers: str) -> Any:
    return Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}", **headers})


def value(name: str, **labels: str) -> float | None:
    return metrics.REGISTRY.get_sample_value(name, labels)


def test_it_answers_those_who_have_the_token_without_a_database() -> None:
    answer = read()
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "sent", ["", TOKEN, "Bearer ", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"]
)
def test_it_is_not_there_for_anyone_else(db: None, sent: str) -> None:
    assert read(Authorization=sent).status_code == 404


@pytest.mark.parametrize("sent", ["Bearer ", "Bearer", f"Bearer {TOKEN}"])
def test_it_is_not_there_without_the_setting(db: None, settings: Any, sent: str) -> None:
    settings.METRICS_TOKEN = ""
    assert read(Authorization=sent).status_code == 404


def test_it_is_only_read(db: None) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert Client().post("/metrics", headers=headers).status_code == 405


def test_what_is_exposed_is_listed_and_nothing_else() -> None:
    exposed = {
        (one._name + "_total" * (one._type == "counter"), one._type, tuple(one._labelnames))
        for one in metrics.REGISTRY._collector_to_names
    }
    listed = {
        (name, kind, tuple(re.findall(r"`(\w+)`", labels)))
        for name, kind, labels in LISTED.findall((ROOT / "docs/metrics.md").read_text())
    }
    assert exposed == listed


def test_it_says_how_current_pages_are(db: None, away: None) -> None:
    now = timezone.now()
    sync_status.update(
        trouble=Trouble(Reason.KEY_REFUSED), heard_at=now - timedelta(minutes=6), lag=0.25
    )
    measuring.measure_sync()
    assert value("inbox_key_refused") == 1
    assert value("inbox_sync_dead") == 1
    assert value("inbox_sync_lag_seconds") == 0.25


@pytest.mark.parametrize("problem", [None, *Reason.__members__.values()])
def test_it_is_ready_unless_the_database_does_not_respond(
    db: None, away: None, problem: Reason | None
) -> None:
    sync_status.update(database_problem=problem)
    assert measured_ready() == (Client().get("/readyz").status_code == 200)


def test_it_is_not_ready_after_a_failed_write(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(watch, "failed", True)
    assert not measured_ready()


def test_it_is_not_ready_while_a_migration_is_missing(db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="inbox").delete()
    assert not measured_ready()


def measured_ready() -> bool:
    readiness.check()
    measuring.measure_process()
    return value("inbox_ready") == 1


def test_it_describes_the_process(db: None) -> None:
    began = time.time()
    measuring.measure_process()
    assert value("inbox_info", version=VERSION) == 1
    assert value("inbox_leader") == 1
    assert (value("inbox_free_bytes") or 0) > 0
    assert (value("inbox_process_memory_bytes") or 0) > 10_000_000
    assert 0 < (value("inbox_process_start_time_seconds") or 0) < began


def test_it_says_that_the_decision_log_is_not_intact(db: None) -> None:
    measuring.measure_sync()
    assert value("inbox_decision_log_intact") == 1
    log_verifier.report(Verdict(1, Problem(Flaw.HEAD_MISSING)))
    try:
        measuring.measure_sync()
        assert value("inbox_decision_log_intact") == 0
    finally:
        log_verifier.report(Verdict(1))


def test_it_counts_held_answers_and_questions_that_expire_soon(db: None) -> None:
    cast.people()
    soon, later = cast.soon(minutes=30), cast.soon(minutes=90)
    cast.tell(
        group_ask("int_1", expires_at=soon),
        group_ask("int_2", expires_at=later),
        group_ask("int_3"),
    )
    rina = Reviewer.objects.get(user__username="rina")
    for number, state in enumerate(Attempt.State):
        Attempt.objects.create(
            operation_id=f"op{number}",
            reviewer=rina,
            upstream=Upstream.current(),
            interaction_id="int_1",
            credential_kind="member",
            state=state,
            created_at=timezone.now() - timedelta(minutes=number),
        )
    measuring.measure_rows()
    assert value("inbox_held_answers") == 1
    assert value("inbox_queue_depth", queue="accepted") == 1
    assert value("inbox_queue_depth", queue="unconfirmed") == 1
    oldest = list(Attempt.State).index(Attempt.State.ACCEPTED) * 60
    assert oldest <= (value("inbox_unconfirmed_seconds") or 0) < oldest + 30
    assert value("inbox_queue_depth", queue="batches") == 0
    assert value("inbox_expiring_questions") == 1


def test_it_times_the_queries_of_the_database(db: None) -> None:
    before = value("inbox_database_query_seconds_count") or 0
    metrics.time_queries(connection=connection)
    Upstream.current()
    assert (value("inbox_database_query_seconds_count") or 0) > before
