"""An answer becomes a list with an entry for each question, and belongs to a round."""

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import inbox.models.canonical
from inbox.lib import exact

ROWS = 500


def mode_of(questions: Any) -> str:
    first = questions[0] if isinstance(questions, list) and questions else {}
    return str(first.get("mode", "")) if isinstance(first, dict) else ""


def as_answers(value: Any, mode: str) -> list[dict[str, Any]]:
    answer: dict[str, Any] = {"question": "answer"}
    if mode == "input" and isinstance(value, str):
        answer["text"] = value
    elif (
        mode == "multi_select"
        and isinstance(value, list)
        and all(isinstance(choice, str) for choice in value)
    ):
        answer["values"] = value
    elif value is not None:
        answer["value"] = value
    return [answer]


def as_value(answers: Any) -> Any:
    answer = answers[0] if len(answers) == 1 else {"value": answers}
    return next((answer[name] for name in ("value", "values", "text") if name in answer), None)


def new_response(response: dict[str, Any], mode: str) -> dict[str, Any]:
    rest = {name: part for name, part in response.items() if name != "value"}
    return rest | {"answers": as_answers(response.get("value"), mode), "round": 0}


def old_response(response: dict[str, Any], _: str) -> dict[str, Any]:
    rest = {name: part for name, part in response.items() if name not in ("answers", "round")}
    return rest | {"value": as_value(response["answers"])}


class Columns:
    """JSON columns as text, so that no number loses a digit."""

    def __init__(self, schema_editor: BaseDatabaseSchemaEditor) -> None:
        self.connection = schema_editor.connection
        self.json = "%s" if self.connection.vendor == "sqlite" else "CAST(%s AS jsonb)"

    def rows(self, select: str) -> Iterator[list[tuple[Any, ...]]]:
        """``select`` takes the last id."""
        last = 0
        while True:
            with self.connection.cursor() as cursor:
                cursor.execute(f"{select} ORDER BY row.id LIMIT {ROWS}", [last])
                found = cursor.fetchall()
            if not found:
                return
            yield found
            last = found[-1][0]

    def write(self, table: str, column: str, values: list[tuple[Any, int]]) -> None:
        update = f"UPDATE {table} SET {column} = {self.json} WHERE id = %s"  # nosec # noqa: S608 - no input
        with self.connection.cursor() as cursor:
            cursor.executemany(update, [(exact.dumps(value), pk) for value, pk in values])


RESPONSES = (
    "SELECT row.id, CAST(row.questions AS text), CAST(row.responses AS text) "
    "FROM inbox_interaction AS row WHERE row.id > %s AND CAST(row.responses AS text) <> '[]'"
)


def change_responses(schema_editor: BaseDatabaseSchemaEditor, change: Any) -> None:
    columns = Columns(schema_editor)
    for rows in columns.rows(RESPONSES):
        changed = []
        for pk, questions, responses in rows:
            mode = mode_of(exact.loads(questions))
            changed.append(([change(one, mode) for one in exact.loads(responses)], pk))
        columns.write("inbox_interaction", "responses", changed)


def fill_answers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    change_responses(schema_editor, new_response)
    columns = Columns(schema_editor)
    select = (
        "SELECT row.id, CAST(row.value AS text), CAST(row.shown AS text), "
        "CAST(question.questions AS text) FROM inbox_attempt AS row "
        "LEFT JOIN inbox_interaction AS question ON question.upstream_id = row.upstream_id "
        "AND question.mobius_id = row.interaction_id WHERE row.id > %s"
    )
    for rows in columns.rows(select):
        changed = []
        for pk, value, shown, questions in rows:
            asked = exact.loads(questions) if questions else exact.loads(shown).get("questions")
            stored = exact.loads(value) if value is not None else None
            changed.append((as_answers(stored, mode_of(asked)), pk))
        columns.write("inbox_attempt", "answers", changed)


def restore_values(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    change_responses(schema_editor, old_response)
    columns = Columns(schema_editor)
    select = (
        "SELECT row.id, CAST(row.answers AS text) FROM inbox_attempt AS row WHERE row.id > %s"
    )
    for rows in columns.rows(select):
        values = [(as_value(exact.loads(answers)), pk) for pk, answers in rows]
        columns.write("inbox_attempt", "value", values)


def drop_triggers(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """SQLite drops no column that a trigger names. They are created again after each migrate."""
    if schema_editor.connection.vendor == "sqlite":
        for name in ("no_update", "no_delete", "no_replace"):
            schema_editor.execute(f"DROP TRIGGER IF EXISTS inbox_decision_{name}")


class Migration(migrations.Migration):
    dependencies = [("inbox", "0055_generation")]

    operations = [
        migrations.AddField("attempt", "answers", models.JSONField(default=list)),
        migrations.RunPython(fill_answers, restore_values),
        migrations.RemoveField("attempt", "value"),
        migrations.AddField("attempt", "round", models.PositiveIntegerField(default=0)),
        migrations.AddField("draft", "round", models.PositiveIntegerField(default=0)),
        migrations.AddField("interaction", "round", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "decision", "answers", inbox.models.canonical.CanonicalJSON(null=True)
        ),
        migrations.AddField("decision", "round", models.PositiveIntegerField(default=0)),
        migrations.RemoveConstraint("decision", "answer_entered_once"),
        migrations.AddConstraint(
            "decision",
            models.UniqueConstraint(
                condition=models.Q(verb="respond"),
                fields=("interaction_id", "actor", "round", "project", "base_url"),
                name="answer_entered_once",
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, drop_triggers),
    ]
