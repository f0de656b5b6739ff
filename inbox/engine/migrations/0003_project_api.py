from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("engine", "0002_later_generations")]

    operations = [
        migrations.AddField("project", "api", models.CharField(default="a", max_length=1)),
    ]
