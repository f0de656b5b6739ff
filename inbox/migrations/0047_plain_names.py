"""Columns get names that say what they are. The database renames them in place and keeps the
index ``asks_waiting``, which is over one of them.
"""

from django.db import migrations, models

RENAME = migrations.RenameField(
    model_name="recipient", old_name="waits", new_name="waits_for_others"
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0046_closed_filter")]

    operations = [
        migrations.RenameField(
            model_name="upstream", old_name="walked_at", new_name="full_synced_at"
        ),
        migrations.RenameField(
            model_name="claimattempt", old_name="held", new_name="was_claimed"
        ),
        migrations.RenameField(
            model_name="interaction", old_name="lacks", new_name="unknown_fields"
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[RENAME],
            state_operations=[
                migrations.RemoveIndex(model_name="recipient", name="asks_waiting"),
                RENAME,
                migrations.AddIndex(
                    model_name="recipient",
                    index=models.Index(
                        fields=["upstream", "user_id", "due_at", "id"],
                        condition=models.Q(("waits_for_others", True)),
                        name="asks_waiting",
                    ),
                ),
            ],
        ),
    ]
