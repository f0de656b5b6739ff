from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0060_details"),
    ]

    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("nudge", "Nudge"),
                    ("token_removed", "Token Removed"),
                    ("not_sent", "Not Sent"),
                    ("released", "Released"),
                    ("too_few_left", "Too Few Left"),
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
