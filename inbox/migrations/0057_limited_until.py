from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0056_answers_and_rounds")]

    operations = [
        migrations.AddField(
            model_name="upstream",
            name="limited_until",
            field=models.DateTimeField(
                help_text="until when nothing is read in the background, after a 429",
                null=True,
            ),
        ),
    ]
