"""One draft for each person and question: the newest text, with the other texts as the earlier one."""

from itertools import groupby
from typing import Any

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def question_of(draft: Any) -> tuple[int, int, str]:
    return draft.reviewer_id, draft.upstream_id, draft.interaction_id


def has_text(draft: Any) -> bool:
    """A press of *Approve* or *Reject* is no text."""
    return bool(draft.comment) or draft.values not in ([], [""], ["true"], ["false"])


def merge(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drafts = apps.get_model("inbox", "Draft").objects.using(schema_editor.connection.alias)
    by_question = drafts.order_by(
        "reviewer_id", "upstream_id", "interaction_id", "-updated_at", "-pk"
    )
    for _, found in groupby(by_question, key=question_of):
        newest, *others = sorted(found, key=lambda draft: not has_text(draft))
        texts = [(newest.values, newest.comment)]
        for other in others:
            text = (other.values, other.comment)
            if not has_text(other) or text in texts:
                continue
            texts.append(text)
            if newest.earlier_values is None:
                newest.earlier_values, newest.earlier_comment = text
            else:
                surplus = [newest.earlier_comment, *map(str, other.values), other.comment]
                newest.earlier_comment = "\n\n".join(filter(None, surplus))
        newest.save()
        drafts.filter(pk__in=[other.pk for other in others]).delete()


def split(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    drafts = apps.get_model("inbox", "Draft").objects.using(schema_editor.connection.alias)
    for draft in drafts.filter(earlier_values__isnull=False):
        draft.pk = None
        draft._state.adding = True
        draft.values, draft.comment = draft.earlier_values, draft.earlier_comment
        draft.form = f"earlier-{draft.form}"[:64]
        draft.save()


class Migration(migrations.Migration):
    dependencies = [("inbox", "0053_earlier_text")]

    operations = [
        migrations.RunPython(merge, split),
        migrations.RemoveConstraint(model_name="draft", name="one_draft_a_form"),
        migrations.RemoveField(model_name="draft", name="device"),
        migrations.RemoveField(model_name="draft", name="browser"),
        migrations.RemoveField(model_name="draft", name="system"),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id"], name="one_draft_each"
            ),
        ),
    ]
