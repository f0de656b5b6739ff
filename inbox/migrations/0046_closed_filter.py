"""The inbox's filter ``span`` is called ``closed``, also in saved views."""

from urllib.parse import parse_qsl, urlencode

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def rename_filter(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, old: str, new: str) -> None:
    views = apps.get_model("inbox", "SavedView").objects.using(schema_editor.connection.alias)
    for view in views.filter(page="inbox", query__contains=f"{old}="):
        values = parse_qsl(view.query, keep_blank_values=True)
        view.query = urlencode([(new if name == old else name, value) for name, value in values])
        view.save(update_fields=["query"])


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename_filter(apps, schema_editor, "span", "closed")


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename_filter(apps, schema_editor, "closed", "span")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0045_claimed")]
    operations = [migrations.RunPython(forwards, backwards)]
