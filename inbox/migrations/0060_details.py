from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0059_drafts_of_forms")]

    operations = [
        migrations.AddField("interaction", "details", models.JSONField(default=dict)),
    ]
