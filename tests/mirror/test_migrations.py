"""Migrations keep what is stored, and lead to the same tables from every release."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader

from inbox.audit import chain
from inbox.lib import exact
from inbox.lib.instants import EARLIEST, LATEST
from inbox.models import Attempt, Decision, Draft, Interaction, Recipient
from tests.mirror.conftest import Mirror
from tests.support import databases
from tests.support.snapshots import NOON, RINA, SAM, ask, at


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


def executor_of(connection: Any) -> MigrationExecutor:
    """Runs the migrations of 0.1.0 and later one by one, as if they weren't squashed."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    return executor


def migrated(connection: Any, to: str) -> Any:
    executor = executor_of(connection)
    executor.migrate([("inbox", to)])
    apps = executor.loader.project_state([("inbox", to)]).apps
    return lambda name: apps.get_model("inbox", name).objects.using(connection.alias)


def tables_of(connection: Any) -> dict[str, Any]:
    """Columns, indexes and constraints of the app's tables; generated names are left out."""
    tables: dict[str, Any] = {}
    with connection.cursor() as cursor:
        introspection = connection.introspection
        for table in introspection.table_names(cursor):
            # An index of words is a table with tables of its own on SQLite.
            if table.startswith("inbox_") and not table.startswith("inbox_questionwords"):
                columns = introspection.get_table_description(cursor, table)
                constraints = introspection.get_constraints(cursor, table)
                tables[table] = (
                    {(column.name, column.type_code, column.null_ok) for column in columns},
                    {
                        (
                            "" if found["foreign_key"] or found["primary_key"] else name,
                            tuple(found["columns"] or ()),
                            found["unique"],
                            found["foreign_key"],
                        )
                        for name, found in constraints.items()
                        if not name.startswith(("inbox_", "__unnamed"))
                        and not name.endswith("_not_null")
                    },
                )
    return tables


@pytest.mark.parametrize("release", ["0016_service_key_answers", "0051_test_questions"])
def test_an_older_database_gets_the_tables_of_a_new_one(another: Any, release: str) -> None:
    old = migrated(another, release)
    upstream = old("Upstream").create(project="old")
    asking = {"status": "pending", "state": "pending", "created_at": NOON, "updated_at": NOON}
    old("Interaction").create(upstream=upstream, mobius_id="int_1", **asking)
    call_command("migrate", database=another.alias, verbosity=0)
    assert Interaction.objects.using(another.alias).get().mobius_id == "int_1"
    assert tables_of(another) == tables_of(connection)


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


def test_answers_become_lists_and_entries_of_the_log_stay_as_they_are(another: Any) -> None:
    old = migrated(another, "0054_one_draft_each")
    upstream = old("Upstream").create(base_url="http://127.0.0.1:1", project="old")
    about = {"upstream": upstream, "status": "pending", "created_at": NOON, "updated_at": NOON}
    reply = {"user_id": SAM, "value": Decimal("1.10"), "comment": "fine", "at": None}
    modes = {"confirm": True, "multi_select": ["a", "b"], "input": "Typed", "new": {"to": 7}}
    for mode in modes:
        questions = [{"mode": mode, "options": [], "default": None}]
        row = old("Interaction").create(mobius_id=mode, questions=questions, **about)
        with another.cursor() as cursor:
            cast = "%s" if another.vendor == "sqlite" else "CAST(%s AS jsonb)"
            text = exact.dumps([reply])
            cursor.execute(
                f"UPDATE inbox_interaction SET responses = {cast} WHERE id = %s", [text, row.pk]
            )
    people = old("Reviewer").model._meta.get_field("user").related_model.objects
    user = people.using(another.alias).create(username="rina", last_login=NOON)
    reviewer = old("Reviewer").create(user_id=user.pk, mobius_id=RINA)
    own = {"reviewer": reviewer, "upstream": upstream}
    for mode, value in modes.items():
        state = "held" if mode == "confirm" else "open"
        mine = {"operation_id": mode, "interaction_id": mode, "value": value, "state": state}
        old("Attempt").create(created_at=NOON, shown={"message": "?"}, **mine, **own)
    old("Draft").create(interaction_id="input", values=["Typed"], updated_at=NOON, **own)
    previous = chain.NOTHING
    for number in range(1, 1001):
        entry = old("Decision").model(
            number=number,
            version=3,
            at=NOON,
            entered_at=NOON,
            verb="respond",
            actor=RINA,
            interaction_id=str(number),
            value=True,
            shown={},
            previous=previous,
        )
        entry.hash = previous = chain.hash_of(previous, chain.text_of(entry))
        entry.save(using=another.alias)

    call_command("migrate", database=another.alias, verbosity=0)
    given = {
        attempt.interaction_id: attempt.answers for attempt in Attempt.objects.using(another.alias)
    }
    assert given == {
        "confirm": [{"question": "answer", "value": True}],
        "multi_select": [{"question": "answer", "values": ["a", "b"]}],
        "input": [{"question": "answer", "text": "Typed"}],
        "new": [{"question": "answer", "value": {"to": 7}}],
    }
    item = Interaction.objects.using(another.alias).get(mobius_id="new")
    (response,) = item.responses
    assert str(response["answers"][0]["value"]) == "1.10"
    assert (response["user_id"], response["round"], item.round) == (SAM, 0, 0)
    assert Draft.objects.using(another.alias).get().values == {"value": ["Typed"]}
    entries = Decision.objects.using(another.alias).order_by("number")
    assert all(
        chain.hash_of(entry.previous, chain.text_of(entry)) == entry.hash for entry in entries
    )

    old = migrated(another, "0054_one_draft_each")
    assert dict(old("Attempt").values_list("interaction_id", "value")) == modes
    assert old("Interaction").get(mobius_id="input").responses[0].keys() == reply.keys()
    assert old("Draft").get().values == ["Typed"]


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
