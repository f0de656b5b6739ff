"""What it costs to know which deadline comes next."""

import json
from datetime import timedelta

import pytest
from django.db import connections

from inbox.engine import clock, ids
from inbox.engine.actions import timers
from inbox.engine.models import Interaction, Run
from inbox.engine.rules import stamps
from tests.engine.team import question
from tests.engine.watching import running

PENDING = 10_000


@pytest.fixture
def many(team):
    """The project with 10,000 pending questions, all due between an hour and a day from now."""
    now = clock.now()
    template = Interaction.objects.get(pk=team.ask()["id"])
    made = []
    for number in range(PENDING):
        due = now + timedelta(hours=1, seconds=number)
        values = {
            field.attname: getattr(template, field.attname) for field in Interaction._meta.fields
        }
        made.append(
            Interaction(**{**values, "id": ids.new("int", now), "expires_at": due, "fires_at": due})
        )
    Interaction.objects.bulk_create(made, batch_size=500)
    return team


def rows_read(queryset):
    """How many rows the database touches for the query, and by which indexes."""
    if connections["engine"].vendor == "postgresql":
        plan = json.loads(queryset.explain(format="json", analyze=True))[0]["Plan"]
        nodes, names, rows = [plan], set(), 0
        while nodes:
            node = nodes.pop()
            nodes += node.get("Plans", [])
            names.add(node.get("Index Name") or node["Node Type"])
            rows = max(rows, node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        return rows, names
    return None, set(queryset.explain().split())


@pytest.mark.django_db(databases=["engine"])
@pytest.mark.parametrize(
    ("model", "index"), [(Interaction, "engine_item_due"), (Run, "engine_run_due")]
)
def test_the_earliest_is_the_first_entry_of_an_index(many, model, index):
    for number in range(20):
        many.begin(question(f"q{number}"))
    queries = (
        model.objects.filter(fires_at__isnull=False).order_by("fires_at")[:1],
        model.objects.filter(fires_at__lte=clock.now()).order_by("fires_at")[:50],
    )
    for query in queries:
        rows, used = rows_read(query.values_list("fires_at"))
        assert index in used
        assert not rows or rows <= 50


def steps_of(call):
    """How many instructions SQLite ran for the call, to the nearest ten."""
    counted = 0

    def count():
        nonlocal counted
        counted += 1

    connection = connections["engine"].connection
    connection.set_progress_handler(count, 10)
    try:
        call()
    finally:
        connection.set_progress_handler(None, 0)
    return counted * 10


@pytest.mark.django_db(databases=["engine"])
@pytest.mark.skipif(
    connections["engine"].vendor != "sqlite", reason="counts the instructions of SQLite"
)
def test_looking_costs_the_same_with_10_000_pending(many):
    def look():
        assert timers.due_interactions(now=clock.now(), limit=50) == []
        assert timers.due_runs(now=clock.now(), limit=50) == []
        assert timers.earliest() is not None

    assert steps_of(look) < 500


@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_with_10_000_pending_a_deadline_fires_within_a_second(many):
    with running() as watch:
        soon = clock.now() + timedelta(milliseconds=400)
        item = many.ask(expires_at=stamps.written(soon))
        watch.until(lambda: many.read(item)["status"] == "expired")
    assert stamps.read(many.read(item)["updated_at"]) - soon < timedelta(seconds=1)
    assert Interaction.objects.filter(status="expired").count() == 1
