from django.db import migrations, models


class Migration(migrations.Migration):
    # Not with the rows: PostgreSQL creates no index in the transaction that has changed them.
    dependencies = [("inbox", "0023_lists_in_any_order")]

    operations = [
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("open", True)),
                fields=["upstream", "user_id", "created_at", "id"],
                name="asks_by_age",
            ),
        ),
    ]
