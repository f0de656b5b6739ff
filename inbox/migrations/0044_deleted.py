"""``gone`` is called ``deleted``, as on pages. The database renames the columns, and its indexes
follow; they aren't built again.
"""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

RUNS = {
    "run_newest": ["created_at", "id", "mobius_id", "search", "state", "finished"],
    "run_longest": ["status_since", "id", "mobius_id", "search", "state", "finished"],
    "run_state_newest": ["state", "created_at", "id", "mobius_id"],
    "run_state_longest": ["state", "status_since", "id", "mobius_id"],
    "run_open_newest": ["finished", "created_at", "id", "mobius_id"],
    "run_open_longest": ["finished", "status_since", "id", "mobius_id"],
    "run_workflow": ["workflow", "created_at", "id"],
    "run_workflow_longest": ["workflow", "status_since", "id"],
    "run_queue": ["queue", "created_at", "id"],
}
INTERACTIONS = (
    models.Index(
        fields=["upstream", "status", "created_at", "id"],
        condition=models.Q(("deleted", False)),
        name="interaction_oldest",
    ),
    models.Index(
        fields=["upstream", "group_id", "status", "deleted", "completed_at", "created_at"],
        name="interaction_of_group",
    ),
)
INDEXES = {
    "interaction": INTERACTIONS,
    "run": [
        models.Index(fields=["upstream", "deleted", *fields], name=name)
        for name, fields in RUNS.items()
    ],
}


def rename_outcome(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, old: str, new: str) -> None:
    attempts = apps.get_model("inbox", "Attempt").objects.using(schema_editor.connection.alias)
    attempts.filter(state="refused", outcome=old).update(outcome=new)


def forwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename_outcome(apps, schema_editor, "gone", "deleted")


def backwards(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    rename_outcome(apps, schema_editor, "deleted", "gone")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0043_times_of_every_zone")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RenameField(model_name=model, old_name="gone", new_name="deleted")
                for model in ("interaction", "run", "group")
            ],
            state_operations=[
                *(
                    migrations.RemoveIndex(model_name=model, name=index.name)
                    for model, indexes in INDEXES.items()
                    for index in indexes
                ),
                *(
                    migrations.RenameField(model_name=model, old_name="gone", new_name="deleted")
                    for model in ("interaction", "run", "group")
                ),
                *(
                    migrations.AddIndex(model_name=model, index=index)
                    for model, indexes in INDEXES.items()
                    for index in indexes
                ),
            ],
        ),
        migrations.RunPython(forwards, backwards),
    ]
