"""Replaces the text that the inbox searched by an index of words, of which each database has its own
kind. It is filled in the background at the next start.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = (
    # The words are split already; "ascii" leaves everything but ASCII's own marks and spaces in a
    # word. Without positions, which nothing asks for.
    """
    CREATE VIRTUAL TABLE inbox_questionwords USING fts5(
        question, answers, run, tokenize = 'ascii', detail = 'column', columnsize = 0
    )
    """,
)
POSTGRESQL = (
    """
    CREATE TABLE inbox_questionwords (
        rowid bigint PRIMARY KEY REFERENCES inbox_interaction (id) DEFERRABLE INITIALLY DEFERRED,
        question tsvector NOT NULL,
        answers tsvector NOT NULL,
        run tsvector NOT NULL
    )
    """,
    "CREATE INDEX question_words ON inbox_questionwords USING gin (question, answers, run)",
)


def create(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        schema_editor.execute(statement)


def drop(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE inbox_questionwords")


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0021_message_of_returned_answers"),
    ]

    operations = [
        migrations.RemoveField(model_name="interaction", name="search"),
        migrations.AddField(
            model_name="upstream",
            name="index_rules",
            field=models.CharField(
                default="",
                help_text="the rules by which its questions are indexed for search",
                max_length=16,
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create, drop)],
            state_operations=[
                migrations.CreateModel(
                    name="QuestionWords",
                    fields=[
                        (
                            "interaction",
                            models.OneToOneField(
                                db_column="rowid",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="inbox.interaction",
                            ),
                        ),
                        ("question", models.TextField()),
                        ("answers", models.TextField()),
                        ("run", models.TextField()),
                    ],
                ),
            ],
        ),
    ]
