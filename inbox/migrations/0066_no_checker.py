
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0065_notifications'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('asked', 'Asked'), ('asked_group', 'Asked Group'), ('to_review', 'To Review'), ('changes_requested', 'Changes Requested'), ('reminder', 'Reminder'), ('expired', 'Expired'), ('answered_by_other', 'Answered By Other'), ('nudge', 'Nudge'), ('token_removed', 'Token Removed'), ('not_sent', 'Not Sent'), ('released', 'Released'), ('too_few_left', 'Too Few Left'), ('no_checker', 'No Checker'), ('key_refused', 'Key Refused'), ('project_unknown', 'Project Unknown'), ('sync_dead', 'Sync Dead'), ('log_broken', 'Log Broken'), ('api_changed', 'Api Changed'), ('token_of_another', 'Token Of Another')], max_length=20),
        ),
    ]
