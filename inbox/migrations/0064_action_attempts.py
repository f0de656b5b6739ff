from django.db import migrations, models


def delete_reviews(apps, schema_editor):
    """Before this version there were none."""
    apps.get_model("inbox", "ActionAttempt").objects.exclude(verb__in=("claim", "release")).delete()


class Migration(migrations.Migration):
    dependencies = [("inbox", "0063_device_sign_in")]

    operations = [
        migrations.RenameModel("ClaimAttempt", "ActionAttempt"),
        migrations.AlterField("actionattempt", "verb", models.CharField(max_length=20)),
        migrations.AlterField(
            "actionattempt", "was_claimed", models.BooleanField(default=False)
        ),
        migrations.AddField("actionattempt", "round", models.PositiveIntegerField(default=0)),
        migrations.AddField("actionattempt", "comment", models.TextField(blank=True, default="")),
        migrations.AddField("actionattempt", "accepted_at", models.DateTimeField(null=True)),
        migrations.RunPython(migrations.RunPython.noop, delete_reviews),
    ]
