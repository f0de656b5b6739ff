from django.db import migrations, models

OPEN = models.Q(("open", True))
PARTIAL = {
    "asks_by_age": (["created_at", "id"], OPEN),
    "asks_held": (["due_at", "id"], models.Q(("holds", True))),
    "asks_waiting": (["due_at", "id"], models.Q(("waits", True))),
    "asks_unread": (["due_at", "id"], models.Q(("open", True), ("seen__isnull", True))),
}
RUNS = {
    "run_state_newest": ["state", "created_at"],
    "run_state_longest": ["state", "status_since"],
    "run_open_newest": ["finished", "created_at"],
    "run_open_longest": ["finished", "status_since"],
}


class Migration(migrations.Migration):
    # Not with the rows: PostgreSQL creates no index in the transaction that has changed them.
    dependencies = [("inbox", "0039_lists_by_any_filter")]

    operations = [
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                condition=models.Q(("claimed_by__isnull", False)),
                fields=["upstream", "status", "claimed_by"],
                name="interaction_claimed",
            ),
        ),
        migrations.RemoveIndex(model_name="recipient", name="asks_open"),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=[
                    "upstream",
                    "user_id",
                    "open",
                    "due_at",
                    "id",
                    "interaction",
                    "via_group",
                    "group_id",
                    "type",
                    "created_at",
                ],
                name="asks_open",
            ),
        ),
        *(
            migrations.AddIndex(
                model_name="recipient",
                index=models.Index(
                    fields=["upstream", "user_id", *fields, "due_at", "id", "interaction"],
                    name=name,
                ),
            )
            for name, fields in {
                "asks_of_run": ["run_id", "open"],
                "asks_of_workflow": ["open", "workflow"],
                "asks_of_requester": ["open", "asked_by"],
            }.items()
        ),
        # Of indexes that look equally good, SQLite takes the one that was created last, and these
        # are smaller.
        *(migrations.RemoveIndex(model_name="recipient", name=name) for name in PARTIAL),
        *(
            migrations.AddIndex(
                model_name="recipient",
                index=models.Index(
                    condition=condition, fields=["upstream", "user_id", *fields], name=name
                ),
            )
            for name, (fields, condition) in PARTIAL.items()
        ),
        *(migrations.RemoveIndex(model_name="run", name=name) for name in RUNS),
        *(
            migrations.AddIndex(
                model_name="run",
                index=models.Index(
                    fields=["upstream", "gone", *fields, "id", "mobius_id"], name=name
                ),
            )
            for name, fields in RUNS.items()
        ),
    ]
