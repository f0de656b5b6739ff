"""A draft has the texts of a form by the names of its fields: a form may ask several questions."""

from collections.abc import Callable
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

Text = tuple[Any, str]
"""Values and comment."""


def by_field(values: Any, comment: str) -> Text:
    texts = [str(value) for value in values if value]
    return ({"value": texts} if texts else {}), comment


def in_one_field(values: Any, comment: str) -> Text:
    """The comment also has the texts of a form with several fields."""
    if set(values) <= {"value"}:
        return values.get("value", []), comment
    # PostgreSQL doesn't keep the order of the fields.
    lines = (
        f"{name.removeprefix('value-').removeprefix('other-')}: {', '.join(texts)}"
        for name, texts in sorted(values.items())
        if texts != ["…"]
    )
    return [], "\n\n".join(filter(None, (comment, "\n".join(lines))))


def change(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, to: Callable[..., Text]) -> None:
    drafts = apps.get_model("inbox", "Draft").objects.using(schema_editor.connection.alias)
    for draft in drafts.all():
        draft.values, draft.comment = to(draft.values, draft.comment)
        if draft.earlier_values is not None:
            earlier = to(draft.earlier_values, draft.earlier_comment)
            draft.earlier_values, draft.earlier_comment = earlier
        draft.save()


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    change(apps, schema_editor, by_field)


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    change(apps, schema_editor, in_one_field)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0058_token_owners")]

    operations = [
        migrations.RunPython(forwards, backwards),
        migrations.AlterField("draft", "values", models.JSONField(default=dict)),
    ]
