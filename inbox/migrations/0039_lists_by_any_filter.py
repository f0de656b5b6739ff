"""What a person's list is filtered by, copied from the question."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Copy it for the questions that the mirror has."""
    alias = schema_editor.connection.alias
    question = apps.get_model("inbox", "Interaction").objects.filter(pk=OuterRef("interaction"))
    recipients = apps.get_model("inbox", "Recipient").objects.using(alias)
    recipients.update(**{name: Subquery(question.values(name)) for name in ("type", "run_id")})
    by_group = recipients.filter(via_group=True)
    by_group.update(group_id=Subquery(question.values("group_id")))


class Migration(migrations.Migration):
    dependencies = [("inbox", "0038_several_processes")]

    operations = [
        migrations.AddField(
            model_name="recipient",
            name="group_id",
            field=models.CharField(max_length=200, null=True),
        ),
        migrations.AddField(
            model_name="recipient",
            name="run_id",
            field=models.CharField(max_length=200, null=True),
        ),
        migrations.AddField(
            model_name="recipient",
            name="type",
            field=models.CharField(default="", max_length=40),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
