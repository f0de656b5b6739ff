from datetime import timedelta

from django.db import migrations, models
from django.db.models import F

TOO_OLD = timedelta(hours=4)


def fill(apps, schema_editor):
    database = schema_editor.connection.alias
    deliveries = apps.get_model("inbox", "Delivery").objects.using(database)
    deliveries.update(give_up_at=F("created_at") + TOO_OLD)
    deliveries.filter(held=True).update(give_up_at=F("due_at") + TOO_OLD)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0071_link_requests")]

    operations = [
        migrations.AddField("delivery", "give_up_at", models.DateTimeField(null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField("delivery", "give_up_at", models.DateTimeField()),
        migrations.RemoveField("delivery", "held"),
        migrations.AddField(
            "upstream",
            "clock_offset",
            models.DurationField(
                default=timedelta(0), help_text="Mobius's time minus ours, at the last full sync"
            ),
        ),
    ]
