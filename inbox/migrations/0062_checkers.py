from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0061_too_few_left")]

    operations = [
        migrations.AddField("recipient", "checks", models.BooleanField(default=False)),
        migrations.AddIndex(
            "recipient",
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(open=True, checks=True),
                name="asks_to_review",
            ),
        ),
    ]
