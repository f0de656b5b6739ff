"""Deadlines at the ends of the calendar become ones that every time zone can show, as new ones are
(``inbox.lib.instants``).
"""

from datetime import UTC, datetime

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
DEADLINES = (("Interaction", "expires_at"), ("Interaction", "due_at"), ("Recipient", "due_at"))


def move(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for model, column in DEADLINES:
        rows = apps.get_model("inbox", model).objects.using(schema_editor.connection.alias)
        rows.filter(**{f"{column}__gt": LATEST}).update(**{column: LATEST})
        rows.filter(**{f"{column}__lt": EARLIEST}).update(**{column: EARLIEST})


class Migration(migrations.Migration):
    dependencies = [("inbox", "0042_indexes_of_recipients")]
    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
