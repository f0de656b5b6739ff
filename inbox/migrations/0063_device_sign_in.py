import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0062_checkers'),
    ]

    operations = [
        migrations.AddField(
            model_name='credential',
            name='credential_id',
            field=models.TextField(default='', editable=False),
        ),
        migrations.CreateModel(
            name='TokenRevocation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=150)),
                ('sealed', models.BinaryField()),
                ('last_four', models.CharField(max_length=4)),
                ('credential_id', models.TextField()),
                ('created_at', models.DateTimeField()),
                ('tries', models.PositiveIntegerField(default=0)),
                ('next_at', models.DateTimeField(db_index=True, null=True)),
                ('failed_at', models.DateTimeField(null=True)),
                ('reviewer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.reviewer')),
                ('upstream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.upstream')),
            ],
        ),
        migrations.CreateModel(
            name='DeviceSignIn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('received', 'Received'), ('unconfirmed', 'Unconfirmed'), ('denied', 'Denied'), ('expired', 'Expired'), ('not_adopted', 'Not Adopted'), ('failed', 'Failed')], default='pending', max_length=12)),
                ('sealed', models.BinaryField()),
                ('user_code', models.TextField()),
                ('link', models.TextField()),
                ('interval', models.PositiveIntegerField()),
                ('next_at', models.DateTimeField(db_index=True, null=True)),
                ('expires_at', models.DateTimeField()),
                ('credential_id', models.TextField(default='')),
                ('owner', models.CharField(default='', max_length=200)),
                ('reason', models.CharField(default='', max_length=20)),
                ('message', models.TextField(default='')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.reviewer')),
                ('upstream', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.upstream')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('reviewer', 'upstream'), name='one_device_sign_in_each')],
            },
        ),
    ]
