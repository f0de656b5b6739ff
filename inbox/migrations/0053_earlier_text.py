from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0052_batches_of_answers")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="earlier_values",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="draft",
            name="earlier_comment",
            field=models.TextField(blank=True, default=""),
        ),
    ]
