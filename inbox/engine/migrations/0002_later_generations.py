from typing import Any

from django.db import migrations, models

import inbox.engine.fields


def number_responses(apps: Any, schema_editor: Any) -> None:
    """The answers that a group's question had gathered get an id and belong to its first round."""
    interactions = apps.get_model("engine", "Interaction").objects.using(
        schema_editor.connection.alias
    )
    for row in interactions.filter(partial_responses__isnull=False).iterator():
        row.responses = [
            {"id": f"iresp_{row.pk[4:]}_{number}", **answer, "round": 0}
            for number, answer in enumerate(row.partial_responses)
        ]
        row.save(update_fields=["responses"])


def gather_responses(apps: Any, schema_editor: Any) -> None:
    interactions = apps.get_model("engine", "Interaction").objects.using(
        schema_editor.connection.alias
    )
    for row in interactions.exclude(responses=[]).filter(members__isnull=False).iterator():
        if row.routing_policy == "all_members" or row.require_all:
            names = ("user_id", "value", "comment", "responded_at")
            row.partial_responses = [
                {name: answer[name] for name in names} for answer in row.responses
            ]
            row.save(update_fields=["partial_responses"])


STATUSES = [
    ("pending", "Pending"),
    ("in_review", "In Review"),
    ("completed", "Completed"),
    ("expired", "Expired"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("engine", "0001_initial")]

    operations = [
        *(
            migrations.AddField("interaction", name, inbox.engine.fields.JSONText(null=True))
            for name in ("subject", "references", "tags", "properties", "questions", "reviewers")
        ),
        *(
            migrations.AddField("interaction", name, inbox.engine.fields.JSONText(default=list))
            for name in ("responses", "lifecycle")
        ),
        *(
            migrations.AddField("interaction", name, models.CharField(max_length=200, null=True))
            for name in ("created_by", "reviewer")
        ),
        *(
            migrations.AddField("interaction", name, models.TextField(null=True))
            for name in ("review_feedback", "cancel_reason")
        ),
        migrations.AddField("interaction", "quorum", models.PositiveIntegerField(null=True)),
        migrations.AddField("interaction", "review_round", models.PositiveIntegerField(default=0)),
        migrations.AddField("interaction", "submitted_at", models.DateTimeField(null=True)),
        migrations.AlterField(
            "interaction",
            "status",
            models.CharField(choices=STATUSES, default="pending", max_length=10),
        ),
        migrations.RunPython(number_responses, gather_responses),
        migrations.RemoveField("interaction", "partial_responses"),
    ]
