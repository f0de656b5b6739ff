from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0057_limited_until")]

    operations = [
        migrations.CreateModel(
            name="Machine",
            fields=[
                ("mobius_id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=300)),
            ],
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
                    ("token_of_another", "Token Of Another"),
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
                    ("token_of_another", "Token Of Another"),
                ],
                max_length=20,
            ),
        ),
    ]
