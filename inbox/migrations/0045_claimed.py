"""``holds`` is called ``claimed``, and its index ``asks_claimed``. The database renames the column
and, on PostgreSQL, the index; SQLite builds it again.
"""

from django.db import migrations, models

RENAME = migrations.RenameField(model_name="recipient", old_name="holds", new_name="claimed")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0044_deleted")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RenameIndex(
                    model_name="recipient", old_name="asks_held", new_name="asks_claimed"
                ),
                RENAME,
            ],
            state_operations=[
                migrations.RemoveIndex(model_name="recipient", name="asks_held"),
                RENAME,
                migrations.AddIndex(
                    model_name="recipient",
                    index=models.Index(
                        fields=["upstream", "user_id", "due_at", "id"],
                        condition=models.Q(("claimed", True)),
                        name="asks_claimed",
                    ),
                ),
            ],
        ),
    ]
