"""Figures are recounted when the rules change, and a migration covers old rows."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from hypothesis import given
from hypothesis import strategies as st

from inbox.instants import EARLIEST, LATEST
from inbox.mirror.prune import prune
from inbox.mirror.rebuild import rebuild, rebuild_if_zone_changed
from inbox.mobius.types import InteractionStatus
from inbox.models import Interaction, Recipient, Tally, Upstream
from tests.mirror.conftest import Mirror
from tests.mirror.test_property import UNHURRIED, Told, World, clear, worlds
from tests.mirror.test_tally import by_hand, tallied
from tests.support import databases
from tests.support.snapshots import NOON, RINA, answered, ask, at

EVENING = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
"""The next day in Auckland."""
AUCKLAND = "Pacific/Auckland"


def in_the_evening(id: str, when: datetime = EVENING) -> Any:
    update = {"updated_at": when, "completed_at": when}
    return answered(ask(id, created_at=when), RINA, 0).model_copy(update=update)


def days() -> dict[date, tuple[int, int]]:
    """Asked and answered by day."""
    rows = Tally.objects.filter(person="").order_by("day")
    return {row.day: (row.asked, row.answered) for row in rows}


@pytest.fixture
def moved(mirror: Mirror, settings: Any) -> Upstream:
    """Counted in UTC; from now on the installation is in Auckland."""
    mirror.tell(*(in_the_evening(f"int_{number}") for number in range(5)))
    assert days() == {date(2026, 3, 2): (5, 5)}
    settings.TIME_ZONE = AUCKLAND
    return mirror.upstream


async def test_a_start_in_another_time_zone_says_so_and_recounts(
    moved: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="inbox"):
        await rebuild_if_zone_changed()
        assert f"TIME_ZONE was UTC and is now {AUCKLAND}" in caplog.text
        assert await sync_to_async(days)() == {date(2026, 3, 3): (5, 5)}
        caplog.clear()
        await rebuild_if_zone_changed()
        assert not caplog.text


def test_a_rebuild_that_was_cut_off_begins_again_and_counts_nothing_twice(moved: Upstream) -> None:
    next(rebuild(moved))
    moved.refresh_from_db()
    assert moved.tally_zone == "UTC"
    assert list(rebuild(moved)) == [5]
    assert days() == {date(2026, 3, 3): (5, 5)}
    moved.refresh_from_db()
    assert (moved.tally_zone, moved.former_zones) == (AUCKLAND, [])


def test_tallies_keep_the_days_of_pruned_questions(mirror: Mirror, settings: Any) -> None:
    later = EVENING + timedelta(days=10)
    mirror.tell(in_the_evening("int_1"), in_the_evening("int_2", later))
    while prune(EVENING + timedelta(days=5)):
        pass
    settings.TIME_ZONE = AUCKLAND
    list(rebuild(mirror.upstream))
    assert days() == {date(2026, 3, 2): (1, 1), date(2026, 3, 13): (1, 1)}
    mirror.upstream.refresh_from_db()
    assert mirror.upstream.former_zones == [["UTC", "2026-03-07"]]
    assert mirror.upstream.counted_in(date(2026, 3, 7)) == "UTC"
    assert mirror.upstream.counted_in(date(2026, 3, 8)) == AUCKLAND


def test_a_pruned_question_that_is_sent_again_is_not_counted_again(mirror: Mirror) -> None:
    mirror.tell(in_the_evening("int_1"), in_the_evening("int_2", EVENING + timedelta(days=10)))
    while prune(EVENING + timedelta(days=5)):
        pass
    mirror.upstream.refresh_from_db()
    # Older than what was forgotten, and open until now.
    mirror.tell(ask("int_3", created_at=EVENING, updated_at=EVENING))
    assert Interaction.objects.get(mobius_id="int_3").counted is None
    before = tallied()
    list(rebuild(mirror.upstream))
    assert tallied() == before


@pytest.fixture
def told(db: None) -> Told:
    return Told(Upstream.current())


@UNHURRIED
@given(data=st.data(), world=worlds())
def test_a_rebuild_at_any_time_makes_the_same_tallies_as_the_zone_from_the_beginning(
    told: Told, settings: Any, data: st.DataObject, world: World
) -> None:
    clear()
    Tally.objects.all().delete()
    half = data.draw(st.integers(0, len(world.log)))
    settings.TIME_ZONE = AUCKLAND
    told.apply(world.log[:half])
    settings.TIME_ZONE = "UTC"
    list(rebuild(told.upstream))
    told.apply(world.log[half:])
    assert tallied() == by_hand(world)


async def test_figures_from_before_a_question_could_be_cancelled_are_corrected(
    mirror: Mirror,
) -> None:
    def as_it_was() -> None:
        early = ask(minutes=5, status=InteractionStatus.EXPIRED, expires_at=at(60))
        mirror.tell(early)
        Interaction.objects.update(state="expired")
        list(rebuild(mirror.upstream))
        assert figures() == {("", 1, 0), (RINA, 1, 0)}
        Interaction.objects.update(state="cancelled")
        Upstream.objects.update(tally_zone="")

    def figures() -> set[tuple[str, int, int]]:
        return set(Tally.objects.values_list("person", "expired", "cancelled"))

    await sync_to_async(as_it_was)()
    await rebuild_if_zone_changed()
    assert await sync_to_async(figures)() == {("", 0, 1), (RINA, 0, 1)}


def test_the_command_recounts_and_says_how_many(
    moved: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rebuild_insights")
    assert capsys.readouterr().out == "Insights has been recounted: 5 questions.\n"
    assert days() == {date(2026, 3, 3): (5, 5)}


@pytest.fixture
def another(db: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Any]:
    """A connection to an empty database beside the suite's, which two old migrations use too."""
    url = databases.environment(tmp_path, "filled")["DATABASE_URL"]
    name = urlsplit(url).path.lstrip("/") if url else str(tmp_path / "filled.sqlite3")
    connections.databases["another"] = {**connections["default"].settings_dict, "NAME": name}
    with django_db_blocker.unblock():
        yield connections["another"]
        connections["another"].close()
    del connections["another"]
    del connections.databases["another"]


def migrated(connection: Any, to: str) -> Any:
    """Migrate; gives the models as they are after that."""
    executor = MigrationExecutor(connection)
    executor.migrate([("inbox", to)])
    apps = executor.loader.project_state([("inbox", to)]).apps
    return lambda name: apps.get_model("inbox", name).objects.using(connection.alias)


def test_going_back_deletes_the_views_that_the_older_release_does_not_have(another: Any) -> None:
    new = migrated(another, "0025_views_of_two_pages")
    views = new("SavedView")
    people = views.model._meta.get_field("owner").related_model.objects.using(another.alias)
    user = people.create(username="rina", last_login=NOON)
    for page in ("inbox", "runs"):
        views.create(owner_id=user.pk, page=page, name="Today", query="age=1d")
    views.create(owner_id=user.pk, page="runs", name="Long", query="q=" + "x" * 2000)
    old = migrated(another, "0024_index_of_age")
    assert list(old("SavedView").values_list("name", "query")) == [("Today", "age=1d")]


def test_a_filled_database_learns_the_states_of_its_rows(another: Any) -> None:
    old = migrated(another, "0003_claim_attempt")
    upstream, runs, asks = old("Upstream").create(project="old"), old("Run"), old("Interaction")

    def a_run(id: str, minutes: float | None, **fields: Any) -> None:
        end = None if minutes is None else at(minutes)
        told = {"created_at": NOON, "updated_at": end or NOON, "completed_at": end}
        status = {"status_since": NOON, "finished": minutes is not None, "status": "failed"}
        runs.create(upstream=upstream, mobius_id=id, workflow="w", **{**told, **status, **fields})

    def an_ask(id: str, run_id: str | None, minutes: float, **fields: Any) -> None:
        told = {"created_at": NOON, "updated_at": at(minutes), "expires_at": at(60)}
        status = {"type": "approval", "status": "expired", "target_type": "user"}
        asks.create(upstream=upstream, mobius_id=id, run_id=run_id, **{**told, **status, **fields})

    a_run("run_cancelled", 30, error_type="run_cancelled")
    a_run("run_failed", 30, error_type="step_failed")
    a_run("run_open", None, status="running")
    an_ask("cancelled", "run_cancelled", 30)
    an_ask("expired", "run_failed", 60)
    an_ask("bypassed", "run_open", 30)
    an_ask("withdrawn", None, 30)
    an_ask("pending", "run_open", 0, status="pending")
    an_ask("without a deadline", None, 30, expires_at=None)

    now = migrated(another, "0005_fill_states")
    assert dict(now("Run").values_list("mobius_id", "state")) == {
        "run_cancelled": "cancelled",
        "run_failed": "failed",
        "run_open": "running",
    }
    assert dict(now("Interaction").values_list("mobius_id", "state")) == {
        "cancelled": "cancelled",
        "expired": "expired",
        "bypassed": "bypassed",
        "withdrawn": "cancelled",
        "pending": "pending",
        "without a deadline": "expired",
    }
    row = now("Upstream").get()
    assert (row.tally_zone, row.former_zones) == ("", [])


def columns_of(connection: Any, table: str) -> dict[str, Any]:
    """The columns of each index; its condition isn't among them."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, f"inbox_{table}")
    return {name: constraint["columns"] for name, constraint in found.items()}


def test_renamed_columns_keep_their_values_and_indexes(another: Any) -> None:
    old = migrated(another, "0043_times_of_every_zone")
    upstream = old("Upstream").create(project="old")
    times = {"created_at": NOON, "updated_at": NOON}
    own = {"upstream": upstream, "gone": True}
    asking = {"status": "pending", "lacks": "policy"}
    item = old("Interaction").create(mobius_id="int_1", **asking, **own, **times)
    asked = {"interaction": item, "upstream": upstream, "user_id": RINA, "open": True}
    old("Recipient").create(holds=True, waits=True, created_at=NOON, **asked)
    old("Run").create(mobius_id="run_1", status_since=NOON, **own, **times)
    old("Group").create(mobius_id="grp_1", **own)
    before = {table: columns_of(another, table) for table in ("interaction", "run", "recipient")}

    now = migrated(another, "0047_plain_names")
    for model in ("Interaction", "Run", "Group"):
        assert now(model).get().deleted
    recipient = now("Recipient").get()
    assert (recipient.claimed, recipient.waits_for_others) == (True, True)
    assert now("Interaction").get().unknown_fields == "policy"
    after = {table: columns_of(another, table) for table in before}
    assert after != before
    assert "deleted" in after["interaction"]["interaction_of_group"]
    assert "interaction_oldest" in after["interaction"]
    assert {"asks_claimed", "asks_waiting"} <= after["recipient"].keys()

    migrated(another, "0043_times_of_every_zone")
    assert {table: columns_of(another, table) for table in before} == before


@pytest.mark.parametrize(
    ("end", "moved"), [(datetime.max, LATEST), (datetime.min, EARLIEST), (NOON, NOON)]
)
def test_deadlines_at_the_ends_of_the_calendar_are_moved(
    mirror: Mirror, end: datetime, moved: datetime
) -> None:
    mirror.tell(ask("int_1"))
    deadline = end.replace(tzinfo=UTC)
    Interaction.objects.update(expires_at=deadline, due_at=deadline)
    Recipient.objects.update(due_at=deadline)
    migration = import_module("inbox.migrations.0043_times_of_every_zone")
    migration.move(apps, connection.schema_editor())
    item = Interaction.objects.get()
    assert {item.expires_at, item.due_at, item.recipients.get().due_at} == {moved}
