from datetime import timedelta

import pytest
from django.db import connections

from inbox.engine import clock, ids
from inbox.engine.actions import advance
from inbox.engine.models import Interaction, Run
from inbox.engine.rules import times
from tests.engine.team import sleep
from tests.engine.watching import running

PENDING = 10_000


def copies(model, template, number):
    """Rows like ``template``, due an hour from now and later, a second apart."""
    now = clock.now()
    values = {field.attname: getattr(template, field.attname) for field in model._meta.fields}
    prefix = template.pk.partition("_")[0]
    for ahead in range(number):
        due = now + timedelta(hours=1, seconds=ahead)
        yield model(**{**values, "id": ids.new(prefix, now), "fires_at": due})


@pytest.fixture
def many(team):
    """The project with 10,000 pending questions and as many sleeping runs, none of them due."""
    item = Interaction.objects.get(pk=team.ask()["id"])
    run = Run.objects.get(pk=team.begin(sleep("1h"))["id"])
    Interaction.objects.bulk_create(copies(Interaction, item, PENDING), batch_size=500)
    Run.objects.bulk_create(copies(Run, run, PENDING), batch_size=500)
    return team


@pytest.mark.django_db(databases=["engine"])
def test_the_next_deadline_is_the_first_entry_of_an_index(many):
    for model, index in ((Interaction, "engine_item_due"), (Run, "engine_run_due")):
        for query in (
            model.objects.filter(fires_at__isnull=False).order_by("fires_at")[:1],
            model.objects.filter(fires_at__lte=clock.now()).order_by("fires_at")[:50],
        ):
            assert index in query.values_list("fires_at").explain()
    assert cost(lambda: list(Interaction.objects.values_list("message"))) > PENDING
    assert cost(look) < 500


def look():
    assert advance.due_interactions(now=clock.now(), limit=50) == []
    assert advance.due_runs(now=clock.now(), limit=50) == []
    assert advance.earliest() is not None


def cost(call):
    """SQLite's instructions, or the tuples that PostgreSQL reads."""
    connection = connections["engine"]
    if connection.vendor == "postgresql":
        before = tuples_read(connection)
        call()
        return tuples_read(connection) - before
    counted = 0

    def count():
        nonlocal counted
        counted += 10

    connection.connection.set_progress_handler(count, 10)
    try:
        call()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return counted


def tuples_read(connection):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_returned(oid)"
            " + pg_stat_get_xact_tuples_fetched(oid)) FROM pg_class"
            " WHERE relname LIKE 'engine_%'"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(databases=["engine"], transaction=True)
def test_only_the_deadline_of_10_000_that_is_due_fires(many):
    with running() as watch:
        now = clock.now()
        item = many.ask(at=now, expires_at=times.to_text(now + timedelta(seconds=1)))
        watch.until(lambda: many.read(item)["status"] == "expired")
    assert Interaction.objects.filter(status="expired").count() == 1
