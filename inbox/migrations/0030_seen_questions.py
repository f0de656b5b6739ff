"""What a person has seen of a question. What they were asked before counts as seen."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Q, Subquery


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """An upgrade makes no list unread as a whole."""
    alias = schema_editor.connection.alias
    question = apps.get_model("inbox", "Interaction").objects.filter(pk=OuterRef("interaction"))
    recipients = apps.get_model("inbox", "Recipient").objects.using(alias)
    alive = recipients.filter(Q(open=True) | Q(waits=True))
    alive.update(seen=Subquery(question.values("updated_at")))


class Migration(migrations.Migration):
    dependencies = [("inbox", "0029_looks")]

    operations = [
        migrations.AddField(
            model_name="recipient", name="seen", field=models.DateTimeField(null=True)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
