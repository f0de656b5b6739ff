from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0037_incidents'),
    ]

    operations = [
        migrations.CreateModel(
            name='CacheEntry',
            fields=[
                ('cache_key', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('value', models.TextField()),
                ('expires', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='CountedCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limiter', models.CharField(max_length=20)),
                ('account', models.BigIntegerField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['limiter', 'account', 'at'], name='counted_calls')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('name', models.CharField(max_length=20, primary_key=True, serialize=False)),
                ('holder', models.CharField(max_length=63)),
                ('number', models.BigIntegerField(default=0)),
                ('until', models.DateTimeField()),
                ('report', models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='LoggedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, db_index=True)),
                ('origin', models.CharField(max_length=63)),
                ('messages', models.JSONField()),
            ],
        ),
        migrations.AddField(
            model_name='upstream',
            name='group_polls',
            field=models.BigIntegerField(default=0, help_text='polls of the groups that have begun'),
        ),
        migrations.AddField(
            model_name='upstream',
            name='groups_from',
            field=models.BigIntegerField(default=0, help_text='the poll that the stored groups come from, by its number'),
        ),
    ]
