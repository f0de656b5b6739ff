"""All members that the mirror knows so far are from member snapshots."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say so."""
    interactions = apps.get_model("inbox", "Interaction").objects
    known = interactions.using(schema_editor.connection.alias).filter(members__isnull=False)
    known.update(members_from="snapshot")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0014_members_of_groups")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
