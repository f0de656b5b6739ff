from django.db import migrations, models


class Migration(migrations.Migration):
    # Not with the rows: PostgreSQL creates no index in the transaction that has changed them.
    dependencies = [("inbox", "0030_seen_questions")]

    operations = [
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("open", True), ("seen__isnull", True)),
                fields=["upstream", "user_id", "due_at", "id"],
                name="asks_unread",
            ),
        ),
    ]
