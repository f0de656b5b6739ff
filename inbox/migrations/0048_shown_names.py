"""A person's name as everyone sees it, with the username where several people have the name."""

from collections import Counter
from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    reviewers = list(apps.get_model("inbox", "Reviewer").objects.select_related("user"))
    for reviewer in reviewers:
        user = reviewer.user
        reviewer.name = " ".join(f"{user.first_name} {user.last_name}".split()) or user.username
    counts = Counter(reviewer.name.casefold() for reviewer in reviewers)
    for reviewer in reviewers:
        if counts[reviewer.name.casefold()] > 1:
            reviewer.name = f"{reviewer.name} ({reviewer.user.username})"
        reviewer.save(update_fields=["name"])


class Migration(migrations.Migration):
    dependencies = [("inbox", "0047_plain_names")]

    operations = [
        migrations.AddField(
            model_name="reviewer",
            name="name",
            field=models.CharField(default="", editable=False, max_length=500),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
