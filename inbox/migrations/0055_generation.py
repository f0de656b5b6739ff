from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models.functions import Coalesce


def choose_the_guides(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What has been read so far has the guide's API."""
    upstreams = apps.get_model("inbox", "Upstream").objects.using(schema_editor.connection.alias)
    upstreams.update(chosen_at=Coalesce("seeded_at", "full_synced_at"))


def delete_the_others(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Earlier releases can't read them, and know one upstream for each project."""
    upstreams = apps.get_model("inbox", "Upstream").objects.using(schema_editor.connection.alias)
    upstreams.exclude(generation="a").delete()


class Migration(migrations.Migration):
    dependencies = [("inbox", "0054_one_draft_each")]

    operations = [
        migrations.AddField(
            model_name="upstream",
            name="generation",
            field=models.CharField(
                default="a",
                help_text="of the API, as inbox.mobius.types.Generation",
                max_length=1,
            ),
        ),
        migrations.AddField(
            model_name="upstream",
            name="chosen_at",
            field=models.DateTimeField(
                help_text="when this generation was last chosen; the newest one is current",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="upstream",
            name="found_by",
            field=models.CharField(
                default="",
                help_text="the request whose response told the generation",
                max_length=400,
            ),
        ),
        migrations.RunPython(choose_the_guides, delete_the_others),
        migrations.RemoveConstraint(model_name="upstream", name="one_upstream_each"),
        migrations.AddConstraint(
            model_name="upstream",
            constraint=models.UniqueConstraint(
                fields=("base_url", "project", "generation"), name="one_upstream_each"
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="kind",
            field=models.CharField(
                choices=[
                    ("key_refused", "Key Refused"),
                    ("project_unknown", "Project Unknown"),
                    ("sync_dead", "Sync Dead"),
                    ("log_broken", "Log Broken"),
                    ("api_changed", "Api Changed"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("nudge", "Nudge"),
                    ("token_removed", "Token Removed"),
                    ("not_sent", "Not Sent"),
                    ("released", "Released"),
                    ("key_refused", "Key Refused"),
                    ("project_unknown", "Project Unknown"),
                    ("sync_dead", "Sync Dead"),
                    ("log_broken", "Log Broken"),
                    ("api_changed", "Api Changed"),
                ],
                max_length=20,
            ),
        ),
    ]
