"""What a person's list is sorted by besides the due time, copied from the question."""

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery

COPIED = ("created_at", "workflow", "asked_by")


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy it for the questions that the mirror has."""
    alias = schema_editor.connection.alias
    question = apps.get_model("inbox", "Interaction").objects.filter(pk=OuterRef("interaction"))
    recipients = apps.get_model("inbox", "Recipient").objects.using(alias)
    recipients.update(**{name: Subquery(question.values(name)) for name in COPIED})


class Migration(migrations.Migration):
    dependencies = [("inbox", "0022_question_words")]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="asked_by",
            field=models.CharField(default="", max_length=200),
        ),
        migrations.AddField(
            model_name="recipient",
            name="created_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="recipient",
            name="workflow",
            field=models.CharField(default="", max_length=300),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
