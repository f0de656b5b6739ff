"""Several drafts of one question, each with its version."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0006_notice_kinds")]

    operations = [
        migrations.RemoveConstraint(model_name="draft", name="one_draft_each"),
        migrations.AddField(
            model_name="draft", name="version", field=models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="draft",
            name="form",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="draft",
            name="device",
            field=models.CharField(blank=True, default="", max_length=16),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id", "form"], name="one_draft_a_form"
            ),
        ),
    ]
