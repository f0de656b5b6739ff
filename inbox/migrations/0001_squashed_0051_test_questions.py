"""All migrations up to 0051, for a new database, and for one that has all of them.

A database that has only some of them, such as one of release 0.1.0, goes through the rest.
"""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import inbox.models.canonical
import inbox.models.reviewer

# Each database has its own kind of index of words (inbox/models/question_words.py).
SQLITE = (
    # The words are split already; "ascii" leaves everything but ASCII's own marks and spaces in a
    # word. Without positions, which nothing asks for.
    """
    CREATE VIRTUAL TABLE inbox_questionwords USING fts5(
        question, answers, run, tokenize = 'ascii', detail = 'column', columnsize = 0
    )
    """,
)
POSTGRESQL = (
    """
    CREATE TABLE inbox_questionwords (
        rowid bigint PRIMARY KEY REFERENCES inbox_interaction (id) DEFERRABLE INITIALLY DEFERRED,
        question tsvector NOT NULL,
        answers tsvector NOT NULL,
        run tsvector NOT NULL
    )
    """,
    # In kB. The list of words that aren't sorted into the index yet is read at each look-up.
    """
    CREATE INDEX question_words ON inbox_questionwords USING gin (question, answers, run)
    WITH (gin_pending_list_limit = 64)
    """,
)


def create_words(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    sqlite = schema_editor.connection.vendor == "sqlite"
    for statement in SQLITE if sqlite else POSTGRESQL:
        schema_editor.execute(statement)


def drop_words(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP TABLE inbox_questionwords")


class Migration(migrations.Migration):
    replaces = [
        ("inbox", "0001_initial"),
        ("inbox", "0002_http_status"),
        ("inbox", "0003_claim_attempt"),
        ("inbox", "0004_states"),
        ("inbox", "0005_fill_states"),
        ("inbox", "0006_notice_kinds"),
        ("inbox", "0007_draft_versions"),
        ("inbox", "0008_sign_in_turn"),
        ("inbox", "0009_known_failure"),
        ("inbox", "0010_people_and_groups"),
        ("inbox", "0011_mobius_id_of_one_line"),
        ("inbox", "0012_capabilities"),
        ("inbox", "0013_accepted_answers"),
        ("inbox", "0014_members_of_groups"),
        ("inbox", "0015_fill_members_from"),
        ("inbox", "0016_service_key_answers"),
        ("inbox", "0017_decision_labels"),
        ("inbox", "0018_held_answers"),
        ("inbox", "0019_preview_enabled"),
        ("inbox", "0020_attempt_digest"),
        ("inbox", "0021_message_of_returned_answers"),
        ("inbox", "0022_question_words"),
        ("inbox", "0023_lists_in_any_order"),
        ("inbox", "0024_index_of_age"),
        ("inbox", "0025_views_of_two_pages"),
        ("inbox", "0026_draft_devices"),
        ("inbox", "0027_batches"),
        ("inbox", "0028_language_and_time_zone"),
        ("inbox", "0029_looks"),
        ("inbox", "0030_seen_questions"),
        ("inbox", "0031_index_of_unread"),
        ("inbox", "0032_snoozes"),
        ("inbox", "0033_awaited_releases"),
        ("inbox", "0034_comment_templates"),
        ("inbox", "0035_notifications_in_the_browser"),
        ("inbox", "0036_labels_and_help_texts"),
        ("inbox", "0037_incidents"),
        ("inbox", "0038_several_processes"),
        ("inbox", "0039_lists_by_any_filter"),
        ("inbox", "0040_indexes_of_any_filter"),
        ("inbox", "0041_short_pending_list"),
        ("inbox", "0042_indexes_of_recipients"),
        ("inbox", "0043_times_of_every_zone"),
        ("inbox", "0044_deleted"),
        ("inbox", "0045_claimed"),
        ("inbox", "0046_closed_filter"),
        ("inbox", "0047_plain_names"),
        ("inbox", "0048_shown_names"),
        ("inbox", "0049_key_refused_at"),
        ("inbox", "0050_batch_shown_at"),
        ("inbox", "0051_test_questions"),
    ]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CacheEntry",
            fields=[
                ("cache_key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("value", models.TextField()),
                ("expires", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Interaction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mobius_id", models.CharField(max_length=200)),
                ("run_id", models.CharField(max_length=200, null=True)),
                ("signal_name", models.CharField(max_length=300, null=True)),
                ("type", models.CharField(max_length=40)),
                ("mode", models.CharField(default="", max_length=40)),
                ("status", models.CharField(max_length=40)),
                ("state", models.CharField(default="", max_length=40)),
                ("message", models.TextField(default="")),
                ("title", models.CharField(default="", max_length=300)),
                ("context", models.JSONField(default=dict)),
                ("questions", models.JSONField(default=list)),
                ("policy", models.JSONField(default=dict)),
                ("responses", models.JSONField(default=list)),
                ("target_type", models.CharField(max_length=40)),
                ("target_id", models.CharField(max_length=200)),
                ("group_id", models.CharField(max_length=200, null=True)),
                ("members", models.JSONField(null=True)),
                ("members_from", models.CharField(default="", max_length=10)),
                ("unknown_fields", models.CharField(default="", max_length=60)),
                ("claimable", models.BooleanField(default=True)),
                ("claimed_by", models.CharField(max_length=200, null=True)),
                ("claimed_at", models.DateTimeField(null=True)),
                ("responder_id", models.CharField(max_length=200, null=True)),
                ("value", models.JSONField(null=True)),
                ("comment", models.TextField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("soft", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("seq", models.BigIntegerField(default=0)),
                ("workflow", models.CharField(default="", max_length=300)),
                ("asked_by", models.CharField(default="", max_length=200)),
                ("deleted", models.BooleanField(default=False)),
                ("counted", models.JSONField(null=True)),
                ("raw", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=20, primary_key=True, serialize=False)),
                ("holder", models.CharField(max_length=63)),
                ("number", models.BigIntegerField(default=0)),
                ("until", models.DateTimeField()),
                ("report", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="LoggedChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("origin", models.CharField(max_length=63)),
                ("messages", models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name="SignInTurn",
            fields=[
                ("username", models.CharField(max_length=255, primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="CountedCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("limiter", models.CharField(max_length=20)),
                ("account", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["limiter", "account", "at"], name="counted_calls")
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "number",
                    models.BigIntegerField(
                        primary_key=True, serialize=False, verbose_name="number"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField(verbose_name="time")),
                ("entered_at", models.DateTimeField(verbose_name="recorded")),
                ("verb", models.CharField(max_length=40, verbose_name="action")),
                ("observed", models.BooleanField(default=False, verbose_name="observed")),
                ("actor", models.CharField(max_length=200, verbose_name="Mobius ID")),
                ("account", models.CharField(default="", max_length=150, verbose_name="account")),
                ("address", models.CharField(default="", max_length=64, verbose_name="IP address")),
                (
                    "credential_kind",
                    models.CharField(default="", max_length=10, verbose_name="credential"),
                ),
                ("base_url", models.CharField(max_length=500)),
                ("project", models.CharField(max_length=200)),
                (
                    "interaction_id",
                    models.CharField(default="", max_length=200, verbose_name="question ID"),
                ),
                ("run_id", models.CharField(default="", max_length=200, verbose_name="run ID")),
                ("group_id", models.CharField(default="", max_length=200, verbose_name="group ID")),
                ("workflow", models.CharField(default="", max_length=300)),
                ("title", models.CharField(default="", max_length=300)),
                ("operation_id", models.CharField(default="", max_length=64)),
                ("value", inbox.models.canonical.CanonicalJSON()),
                ("comment", models.TextField(default="")),
                ("shown", inbox.models.canonical.CanonicalJSON()),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("previous", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "indexes": [
                    models.Index(fields=["-at", "-number"], name="decision_newest"),
                    models.Index(fields=["actor", "-at", "-number"], name="decision_of_person"),
                    models.Index(fields=["verb", "-at", "-number"], name="decision_of_verb"),
                    models.Index(
                        fields=["workflow", "-at", "-number"], name="decision_of_workflow"
                    ),
                    models.Index(fields=["interaction_id", "at"], name="decision_of_item"),
                    models.Index(fields=["group_id", "-at"], name="decision_of_group"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("verb", "respond")),
                        fields=("interaction_id", "actor", "project", "base_url"),
                        name="answer_entered_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DecisionHead",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("number", models.BigIntegerField()),
                ("hash", models.CharField(max_length=64)),
                ("unsealed_from", models.BigIntegerField(null=True)),
                ("mac", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="one_head")
                ],
            },
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create_words, drop_words)],
            state_operations=[
                migrations.CreateModel(
                    name="QuestionWords",
                    fields=[
                        (
                            "interaction",
                            models.OneToOneField(
                                db_column="rowid",
                                on_delete=django.db.models.deletion.CASCADE,
                                primary_key=True,
                                related_name="+",
                                serialize=False,
                                to="inbox.interaction",
                            ),
                        ),
                        ("question", models.TextField()),
                        ("answers", models.TextField()),
                        ("run", models.TextField()),
                    ],
                ),
            ],
        ),
        migrations.CreateModel(
            name="KnownFailure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("by", models.CharField(max_length=300)),
                ("attempt_time", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["by", "attempt_time"], name="known_failure_newest")
                ],
            },
        ),
        migrations.CreateModel(
            name="OneTimeLink",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Reviewer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "mobius_id",
                    models.CharField(
                        blank=True,
                        max_length=200,
                        null=True,
                        unique=True,
                        validators=[inbox.models.reviewer.validate_one_line],
                        verbose_name="Mobius ID",
                    ),
                ),
                (
                    "mobius_id_proven",
                    models.BooleanField(
                        default=False,
                        editable=False,
                        help_text="proven by a token, not set by an administrator",
                    ),
                ),
                (
                    "keys_enabled",
                    models.BooleanField(default=True, verbose_name="keyboard shortcuts"),
                ),
                ("preview_enabled", models.BooleanField(default=True, verbose_name="previews")),
                (
                    "notify_new",
                    models.BooleanField(
                        default=True, verbose_name="notifications of new questions"
                    ),
                ),
                (
                    "notify_due",
                    models.BooleanField(
                        default=True, verbose_name="notifications of due questions"
                    ),
                ),
                (
                    "notify_not_sent",
                    models.BooleanField(
                        default=True, verbose_name="notifications of unsent answers"
                    ),
                ),
                (
                    "answer_guard",
                    models.CharField(
                        blank=True,
                        choices=[("confirm", "Ask first"), ("undo", "Send with undo")],
                        max_length=10,
                    ),
                ),
                ("undo_seconds", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("language", models.CharField(blank=True, max_length=10)),
                ("time_zone", models.CharField(blank=True, max_length=64)),
                ("name", models.CharField(default="", editable=False, max_length=500)),
                (
                    "theme",
                    models.CharField(
                        choices=[("system", "System"), ("light", "Light"), ("dark", "Dark")],
                        default="system",
                        max_length=6,
                    ),
                ),
                (
                    "density",
                    models.CharField(
                        choices=[("comfortable", "Comfortable"), ("compact", "Compact")],
                        default="comfortable",
                        max_length=11,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reviewer",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Upstream",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "base_url",
                    models.CharField(
                        help_text="'embedded' for the embedded engine, whose rows stay when its port changes",
                        max_length=500,
                    ),
                ),
                ("project", models.CharField(max_length=200)),
                (
                    "cursor",
                    models.BigIntegerField(
                        help_text="seq of the last event of the project's stream in the mirror",
                        null=True,
                    ),
                ),
                (
                    "seeded_at",
                    models.DateTimeField(help_text="end of the first full sync", null=True),
                ),
                (
                    "full_synced_at",
                    models.DateTimeField(help_text="end of the last full sync", null=True),
                ),
                (
                    "pruned_before",
                    models.DateTimeField(
                        help_text="what closed or ended before this time is no longer stored",
                        null=True,
                    ),
                ),
                (
                    "capabilities",
                    models.JSONField(
                        default=dict,
                        help_text="what Mobius was found to offer, as inbox.mobius.types.Capabilities",
                    ),
                ),
                (
                    "probed_at",
                    models.DateTimeField(
                        help_text="when the capabilities were last checked", null=True
                    ),
                ),
                (
                    "proves_tokens",
                    models.BooleanField(
                        default=False,
                        help_text="Mobius has said at least once who a member token belongs to",
                    ),
                ),
                (
                    "key_answers",
                    models.BooleanField(
                        default=False, help_text="whether the service key answers, as last logged"
                    ),
                ),
                (
                    "key_refused_at",
                    models.DateTimeField(
                        help_text="when Mobius last refused an answer with the service key (401)",
                        null=True,
                    ),
                ),
                (
                    "heard_at",
                    models.DateTimeField(help_text="when Mobius last sent something", null=True),
                ),
                (
                    "tally_zone",
                    models.CharField(
                        default="",
                        help_text="time zone of the days in Insights; empty until they are recounted",
                        max_length=100,
                    ),
                ),
                (
                    "former_zones",
                    models.JSONField(
                        default=list,
                        help_text="[zone, last day] of days that can no longer be recounted, oldest first",
                    ),
                ),
                (
                    "test_questions",
                    models.JSONField(
                        default=list,
                        help_text="IDs of the test questions sent from Connection, which Blocked and Insights omit",
                    ),
                ),
                (
                    "group_polls",
                    models.BigIntegerField(
                        default=0, help_text="polls of the groups that have begun"
                    ),
                ),
                (
                    "groups_from",
                    models.BigIntegerField(
                        default=0,
                        help_text="the poll that the stored groups come from, by its number",
                    ),
                ),
                (
                    "index_rules",
                    models.CharField(
                        default="",
                        help_text="version of the rules by which its questions are indexed for search",
                        max_length=16,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("base_url", "project"), name="one_upstream_each"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mobius_id", models.CharField(max_length=200)),
                ("workflow", models.CharField(max_length=300)),
                ("status", models.CharField(max_length=40)),
                ("state", models.CharField(default="", max_length=40)),
                ("status_since", models.DateTimeField()),
                ("finished", models.BooleanField(default=False)),
                ("queue", models.CharField(default="default", max_length=200)),
                ("attempt", models.IntegerField(default=1)),
                ("inputs", models.JSONField(default=dict)),
                ("metadata", models.JSONField(default=dict)),
                ("external_id", models.CharField(max_length=300, null=True)),
                ("started_by", models.CharField(default="", max_length=200)),
                ("wait", models.JSONField(default=dict)),
                ("plan", models.JSONField(null=True)),
                ("error_type", models.CharField(default="", max_length=100)),
                ("error_message", models.TextField(default="")),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("updated_at", models.DateTimeField()),
                ("seq", models.BigIntegerField(default=0)),
                ("log_from", models.BigIntegerField(null=True)),
                ("deleted", models.BooleanField(default=False)),
                ("search", models.CharField(default="", max_length=300)),
                ("raw", models.JSONField(default=dict)),
                (
                    "upstream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Recipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_id", models.CharField(max_length=200)),
                ("via_group", models.BooleanField(default=False)),
                ("group_id", models.CharField(max_length=200, null=True)),
                ("open", models.BooleanField()),
                ("claimed", models.BooleanField(default=False)),
                ("waits_for_others", models.BooleanField(default=False)),
                ("due_at", models.DateTimeField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("type", models.CharField(default="", max_length=40)),
                ("run_id", models.CharField(max_length=200, null=True)),
                ("workflow", models.CharField(default="", max_length=300)),
                ("asked_by", models.CharField(default="", max_length=200)),
                ("seen", models.DateTimeField(null=True)),
                ("value", models.JSONField(null=True)),
                ("comment", models.TextField(null=True)),
                (
                    "interaction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recipients",
                        to="inbox.interaction",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("nudge", "Nudge"),
                            ("token_removed", "Token Removed"),
                            ("not_sent", "Not Sent"),
                            ("released", "Released"),
                            ("key_refused", "Key Refused"),
                            ("project_unknown", "Project Unknown"),
                            ("sync_dead", "Sync Dead"),
                            ("log_broken", "Log Broken"),
                        ],
                        max_length=20,
                    ),
                ),
                ("interaction_id", models.CharField(max_length=200)),
                ("sender", models.CharField(blank=True, default="", max_length=200)),
                ("sender_name", models.CharField(max_length=300)),
                ("reason", models.CharField(blank=True, default="", max_length=40)),
                ("message", models.TextField(blank=True, default="")),
                ("times", models.PositiveIntegerField(default=1)),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="interaction",
            name="upstream",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="inbox.upstream",
            ),
        ),
        migrations.CreateModel(
            name="Incident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("key_refused", "Key Refused"),
                            ("project_unknown", "Project Unknown"),
                            ("sync_dead", "Sync Dead"),
                            ("log_broken", "Log Broken"),
                        ],
                        max_length=20,
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("began_mailed_at", models.DateTimeField(null=True)),
                ("ended_mailed_at", models.DateTimeField(null=True)),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GroupMapping",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("group_id", models.CharField(max_length=200)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mapped_groups",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mobius_id", models.CharField(max_length=200)),
                ("handle", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=300)),
                ("description", models.TextField(default="")),
                ("routing", models.CharField(max_length=20)),
                ("deleted", models.BooleanField(default=False)),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("run_id", models.CharField(max_length=200)),
                ("seq", models.BigIntegerField()),
                ("kind", models.CharField(max_length=20)),
                ("type", models.CharField(max_length=100)),
                ("at", models.DateTimeField(null=True)),
                ("data", models.JSONField(default=dict)),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("interaction_id", models.CharField(max_length=200)),
                ("values", models.JSONField(default=list)),
                ("comment", models.TextField(blank=True, default="")),
                ("version", models.PositiveIntegerField(default=1)),
                ("form", models.CharField(blank=True, default="", max_length=64)),
                ("device", models.CharField(blank=True, default="", max_length=16)),
                ("browser", models.CharField(blank=True, default="", max_length=20)),
                ("system", models.CharField(blank=True, default="", max_length=20)),
                ("updated_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sealed", models.BinaryField()),
                ("prefix", models.CharField(editable=False, max_length=8)),
                ("last_four", models.CharField(editable=False, max_length=4)),
                ("added_at", models.DateTimeField(editable=False)),
                ("proven_at", models.DateTimeField(editable=False, null=True)),
                ("used_at", models.DateTimeField(editable=False, null=True)),
                ("refused_at", models.DateTimeField(editable=False, null=True)),
                (
                    "reviewer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credential",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CommentTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("workflow", models.CharField(blank=True, default="", max_length=300)),
                ("text", models.TextField()),
                ("author", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.group",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
            options={
                "ordering": ["workflow", "text", "id"],
            },
        ),
        migrations.CreateModel(
            name="ClaimAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("interaction_id", models.CharField(max_length=200)),
                ("verb", models.CharField(max_length=10)),
                ("address", models.CharField(blank=True, default="", max_length=64)),
                ("was_claimed", models.BooleanField()),
                ("question_updated_at", models.DateTimeField()),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("created_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verb",
                    models.CharField(
                        choices=[
                            ("approve", "Approve"),
                            ("reject", "Reject"),
                            ("claim", "Claim"),
                            ("release", "Release"),
                        ],
                        max_length=10,
                    ),
                ),
                ("comment", models.TextField(blank=True, default="")),
                ("address", models.CharField(blank=True, default="", max_length=64)),
                ("query", models.TextField(blank=True, default="")),
                ("more", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("send_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("shown_at", models.DateTimeField(null=True)),
                ("dismissed_at", models.DateTimeField(null=True)),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("operation_id", models.CharField(max_length=64)),
                ("interaction_id", models.CharField(max_length=200)),
                ("value", models.JSONField(null=True)),
                ("comment", models.TextField(blank=True, default="")),
                ("credential_kind", models.CharField(max_length=10)),
                ("address", models.CharField(blank=True, default="", max_length=64)),
                ("shown", models.JSONField(default=dict)),
                ("digest", models.CharField(blank=True, default="", max_length=16)),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("undone", "Undone"),
                            ("open", "Open"),
                            ("accepted", "Accepted"),
                            ("unconfirmed", "Unconfirmed"),
                            ("answered", "Answered"),
                            ("refused", "Refused"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                ("outcome", models.CharField(blank=True, default="", max_length=60)),
                ("created_at", models.DateTimeField()),
                ("send_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("returned", models.CharField(blank=True, default="", max_length=40)),
                ("returned_message", models.TextField(blank=True, default="")),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BatchItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.PositiveSmallIntegerField()),
                ("interaction_id", models.CharField(max_length=200)),
                ("updated_at", models.DateTimeField()),
                ("kind", models.CharField(blank=True, default="", max_length=16)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sending", "Sending"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("left_out", "Left Out"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("outcome", models.CharField(blank=True, default="", max_length=40)),
                ("message", models.TextField(blank=True, default="")),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="inbox.batch",
                    ),
                ),
            ],
            options={
                "ordering": ["place"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("batch", "interaction_id"), name="once_in_a_batch"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_id", models.CharField(max_length=200)),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="inbox.group",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "user_id"), name="member_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="AwaitedRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("claimed_by", models.CharField(max_length=200)),
                (
                    "interaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.interaction",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("interaction", "reviewer"), name="awaited_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "page",
                    models.CharField(choices=[("inbox", "Inbox"), ("runs", "Runs")], max_length=10),
                ),
                ("name", models.CharField(max_length=80)),
                ("query", models.TextField()),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.group",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_views",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("owner", "page", "name"), name="one_view_of_a_name"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateTimeField()),
                ("at", models.DateTimeField()),
                (
                    "interaction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.interaction",
                    ),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.reviewer",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reviewer", "interaction"), name="one_snooze_each"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Step",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mobius_id", models.CharField(max_length=200)),
                ("name", models.CharField(max_length=300)),
                ("kind", models.CharField(default="", max_length=40)),
                ("action", models.CharField(default="", max_length=200)),
                ("status", models.CharField(max_length=40)),
                ("attempt", models.IntegerField(default=0)),
                ("order", models.IntegerField(default=0)),
                ("error_type", models.CharField(default="", max_length=100)),
                ("error_message", models.TextField(default="")),
                ("started_at", models.DateTimeField(null=True)),
                ("completed_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("seq", models.BigIntegerField(default=0)),
                ("raw", models.JSONField(default=dict)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="inbox.run",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("run", "mobius_id"), name="one_step_each")
                ],
            },
        ),
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("workflow", models.CharField(default="", max_length=300)),
                ("type", models.CharField(max_length=40)),
                ("group_id", models.CharField(default="", max_length=200)),
                ("person", models.CharField(default="", max_length=200)),
                ("asked", models.IntegerField(default=0)),
                ("answered", models.IntegerField(default=0)),
                ("expired", models.IntegerField(default=0)),
                ("cancelled", models.IntegerField(default=0)),
                ("bypassed", models.IntegerField(default=0)),
                ("approved", models.IntegerField(default=0)),
                ("rejected", models.IntegerField(default=0)),
                ("claim_times", models.JSONField(default=dict)),
                ("answer_times", models.JSONField(default=dict)),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.upstream",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "tallies",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("upstream", "person", "day", "workflow", "type", "group_id"),
                        name="one_tally_each",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["upstream", "finished"], name="run_unfinished"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=[
                    "upstream",
                    "deleted",
                    "created_at",
                    "id",
                    "mobius_id",
                    "search",
                    "state",
                    "finished",
                ],
                name="run_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=[
                    "upstream",
                    "deleted",
                    "status_since",
                    "id",
                    "mobius_id",
                    "search",
                    "state",
                    "finished",
                ],
                name="run_longest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "state", "created_at", "id", "mobius_id"],
                name="run_state_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "state", "status_since", "id", "mobius_id"],
                name="run_state_longest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "finished", "created_at", "id", "mobius_id"],
                name="run_open_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "finished", "status_since", "id", "mobius_id"],
                name="run_open_longest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "workflow", "created_at", "id"], name="run_workflow"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "workflow", "status_since", "id"],
                name="run_workflow_longest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["upstream", "deleted", "queue", "created_at", "id"], name="run_queue"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                fields=("upstream", "mobius_id"), name="one_run_each"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=[
                    "upstream",
                    "user_id",
                    "open",
                    "due_at",
                    "id",
                    "interaction",
                    "via_group",
                    "group_id",
                    "type",
                    "created_at",
                ],
                name="asks_open",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=["upstream", "user_id", "run_id", "open", "due_at", "id", "interaction"],
                name="asks_of_run",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=["upstream", "user_id", "open", "workflow", "due_at", "id", "interaction"],
                name="asks_of_workflow",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=["upstream", "user_id", "open", "asked_by", "due_at", "id", "interaction"],
                name="asks_of_requester",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                fields=["upstream", "user_id", "open", "-closed_at"], name="asks_closed"
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("open", True)),
                fields=["upstream", "user_id", "created_at", "id"],
                name="asks_by_age",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("claimed", True)),
                fields=["upstream", "user_id", "due_at", "id"],
                name="asks_claimed",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("waits_for_others", True)),
                fields=["upstream", "user_id", "due_at", "id"],
                name="asks_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="recipient",
            index=models.Index(
                condition=models.Q(("open", True), ("seen__isnull", True)),
                fields=["upstream", "user_id", "due_at", "id"],
                name="asks_unread",
            ),
        ),
        migrations.AddConstraint(
            model_name="recipient",
            constraint=models.UniqueConstraint(
                fields=("interaction", "user_id"), name="asked_once"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["reviewer", "upstream", "-at", "-id"], name="notice_newest"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)),
                fields=["reviewer", "upstream"],
                name="notice_unread",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["upstream", "at"], name="notice_by_time"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                fields=("reviewer", "upstream", "interaction_id", "kind"), name="one_notice_each"
            ),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(fields=["upstream", "run_id"], name="interaction_of_run"),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(fields=["upstream", "status", "due_at"], name="interaction_open"),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                condition=models.Q(("deleted", False)),
                fields=["upstream", "status", "created_at", "id"],
                name="interaction_oldest",
            ),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["upstream", "status", "updated_at"], name="interaction_aged"
            ),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                fields=["upstream", "group_id", "status", "deleted", "completed_at", "created_at"],
                name="interaction_of_group",
            ),
        ),
        migrations.AddIndex(
            model_name="interaction",
            index=models.Index(
                condition=models.Q(("claimed_by__isnull", False)),
                fields=["upstream", "status", "claimed_by"],
                name="interaction_claimed",
            ),
        ),
        migrations.AddConstraint(
            model_name="interaction",
            constraint=models.UniqueConstraint(
                fields=("upstream", "mobius_id"), name="one_interaction_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("upstream", "kind"),
                name="one_open_incident_each",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmapping",
            constraint=models.UniqueConstraint(
                fields=("upstream", "group_id", "reviewer"), name="mapped_to_group_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(
                fields=("upstream", "mobius_id"), name="one_group_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(
                fields=("upstream", "run_id", "seq"), name="one_event_of_run_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=("reviewer", "upstream", "interaction_id", "form"), name="one_draft_a_form"
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False), ("dismissed_at__isnull", True)),
                fields=["reviewer", "upstream", "created_at"],
                name="batch_shown",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False), ("finished_at__isnull", True)),
                fields=["upstream", "send_at"],
                name="batch_unfinished",
            ),
        ),
        migrations.AddIndex(
            model_name="batch",
            index=models.Index(fields=["created_at"], name="batch_by_time"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["state", "created_at"], name="attempt_open"),
        ),
        migrations.AddIndex(
            model_name="attempt",
            index=models.Index(fields=["upstream", "interaction_id"], name="attempt_of_item"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                fields=("reviewer", "operation_id"), name="one_attempt_each"
            ),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "held")),
                fields=("reviewer", "upstream", "interaction_id"),
                name="one_held_answer_each",
            ),
        ),
    ]
