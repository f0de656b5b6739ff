import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import Length


def delete_newer_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Going back: delete views of the inbox, and those whose query is too long for the column."""
    views = apps.get_model("inbox", "SavedView").objects.using(schema_editor.connection.alias)
    views.filter(page="inbox").delete()
    views.alias(length=Length("query")).filter(length__gt=2000).delete()


class Migration(migrations.Migration):
    dependencies = [("inbox", "0024_index_of_age")]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="page",
            field=models.CharField(
                choices=[("inbox", "Inbox"), ("runs", "Runs")], default="runs", max_length=10
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="savedview",
            name="group",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="inbox.group",
            ),
        ),
        migrations.AlterField(
            model_name="savedview", name="query", field=models.TextField()
        ),
        migrations.RemoveConstraint(model_name="savedview", name="one_view_of_a_name"),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                fields=("owner", "page", "name"), name="one_view_of_a_name"
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, delete_newer_views),
    ]
