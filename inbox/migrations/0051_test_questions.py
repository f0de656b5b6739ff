from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0050_batch_shown_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='upstream',
            name='test_questions',
            field=models.JSONField(default=list, help_text='IDs of the test questions sent from Connection, which Blocked and Insights omit'),
        ),
    ]
