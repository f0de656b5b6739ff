from django.db import migrations, models


def delete_batches_of_claims(apps, schema_editor):
    """Drop what was claimed or released in bulk. An unfinished one sends nothing more; the outcome
    of a request that was being sent is settled by its ClaimAttempt.
    """
    apps.get_model("inbox", "Batch").objects.filter(verb__in=["claim", "release"]).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0051_test_questions"),
    ]

    operations = [
        migrations.RunPython(delete_batches_of_claims, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="batch",
            name="verb",
            field=models.CharField(
                choices=[("approve", "Approve"), ("reject", "Reject")], max_length=10
            ),
        ),
    ]
