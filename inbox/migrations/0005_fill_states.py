"""States of the runs and questions that are already in the mirror.

The figures of *Insights* follow at the next start, which recounts what was counted before.
"""

from datetime import timedelta

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Case, F, Value, When

BATCH = 500


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """``inbox.mirror.states`` as it was when the column was added."""
    database = schema_editor.connection.alias
    runs = apps.get_model("inbox", "Run").objects.using(database)
    interactions = apps.get_model("inbox", "Interaction").objects.using(database)
    cancelled = When(status="failed", error_type="run_cancelled", then=Value("cancelled"))
    runs.update(state=Case(cancelled, default=F("status")))
    interactions.update(state=F("status"))
    last = 0
    while True:
        expired = interactions.filter(status="expired", pk__gt=last).order_by("pk")
        rows = list(
            expired.only(
                "upstream_id", "run_id", "state", "expires_at", "completed_at", "updated_at"
            )[:BATCH]
        )
        if not rows:
            return
        last = rows[-1].pk
        ended = {}
        found = runs.filter(mobius_id__in={row.run_id for row in rows} - {None})
        for one in found.only("upstream_id", "mobius_id", "finished", "completed_at", "updated_at"):
            end = (one.completed_at or one.updated_at) if one.finished else None
            ended[one.upstream_id, one.mobius_id] = end
        for row in rows:
            row.state = _state(row, ended)
        interactions.bulk_update(rows, ["state"], BATCH)


def _state(row, ended):  # type: ignore[no-untyped-def]
    key = (row.upstream_id, row.run_id)
    closed = row.completed_at or row.updated_at
    ended_with_run = ended.get(key) is not None and ended[key] <= closed
    if row.expires_at is None:
        return "cancelled" if ended_with_run else "expired"
    if closed > row.expires_at - timedelta(seconds=1):
        return "expired"
    return "cancelled" if key not in ended or ended_with_run else "bypassed"


class Migration(migrations.Migration):
    """Data only."""

    dependencies = [("inbox", "0004_states")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
