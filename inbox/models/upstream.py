"""The Mobius project that a row came from."""

from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, QuerySet

from inbox.mobius.adapters import ADAPTERS, Adapter
from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import question_words
from inbox.models.interaction import Interaction
from inbox.models.run import Run


class Upstream(models.Model):
    """Pages read only the current one, so after a change of ``MOBIUS_BASE_URL``, of the project or
    of the API's generation they show none of the previous one's rows.
    """

    base_url = models.CharField(
        max_length=500,
        help_text="'embedded' for the embedded engine, whose rows stay when its port changes",
    )
    project = models.CharField(max_length=200)
    generation = models.CharField(
        max_length=1, default="a", help_text="of the API, as inbox.mobius.types.Generation"
    )
    chosen_at = models.DateTimeField(
        null=True, help_text="when this generation was last chosen; the newest one is current"
    )
    found_by = models.CharField(
        max_length=400, default="", help_text="the request whose response told the generation"
    )
    cursor = models.BigIntegerField(
        null=True, help_text="seq of the last event of the project's stream in the mirror"
    )
    seeded_at = models.DateTimeField(null=True, help_text="end of the first full sync")
    full_synced_at = models.DateTimeField(null=True, help_text="end of the last full sync")
    pruned_before = models.DateTimeField(
        null=True, help_text="what closed or ended before this time is no longer stored"
    )
    capabilities = models.JSONField(
        default=dict, help_text="what Mobius was found to offer, as inbox.mobius.types.Capabilities"
    )
    probed_at = models.DateTimeField(null=True, help_text="when the capabilities were last checked")
    proves_tokens = models.BooleanField(
        default=False, help_text="Mobius has said at least once who a member token belongs to"
    )
    key_answers = models.BooleanField(
        default=False, help_text="whether the service key answers, as last logged"
    )
    key_refused_at = models.DateTimeField(
        null=True, help_text="when Mobius last refused an answer with the service key (401)"
    )
    limited_until = models.DateTimeField(
        null=True,
        help_text="until when nothing is read in the background, after a 429",
    )
    heard_at = models.DateTimeField(null=True, help_text="when Mobius last sent something")
    clock_offset = models.DurationField(
        default=timedelta(0), help_text="Mobius's time minus ours, at the last full sync"
    )
    tally_zone = models.CharField(
        max_length=100,
        default="",
        help_text="time zone of the days in Insights; empty until they are recounted",
    )
    former_zones = models.JSONField(
        default=list,
        help_text="[zone, last day] of days that can no longer be recounted, oldest first",
    )
    test_questions = models.JSONField(
        default=list,
        help_text="IDs of the test questions sent from Connection, which Blocked and Insights omit",
    )

    group_polls = models.BigIntegerField(default=0, help_text="polls of the groups that have begun")
    groups_from = models.BigIntegerField(
        default=0, help_text="the poll that the stored groups come from, by its number"
    )
    index_rules = models.CharField(
        max_length=16,
        default="",
        help_text="version of the rules by which its questions are indexed for search",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["base_url", "project", "generation"], name="one_upstream_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project} at {self.base_url}"

    @classmethod
    def current(cls) -> "Upstream":
        """The one whose generation was chosen last, or is set. A new one has the guide's, or
        without a project the only generation that has none, until one is chosen.
        """
        rows = cls._configured()
        if settings.MOBIUS_API != "auto":
            return rows.filter(generation=settings.MOBIUS_API).first() or cls._made(
                Generation(settings.MOBIUS_API)
            )
        newest = rows.order_by(F("chosen_at").desc(nulls_last=True), "pk").first()
        return newest or cls._made(Generation.A if settings.MOBIUS_PROJECT else Generation.C)

    @classmethod
    @transaction.atomic
    def choose(cls, found: Found) -> "Upstream":
        """The first choice keeps what people have set up before Mobius could be reached."""
        row = cls.current()
        kept = cls._configured().filter(generation=found.generation.value).first()
        if kept is not None:
            row = kept
        elif row.chosen_at is None and row._is_unread():
            row.generation, row.cursor, row.capabilities = found.generation.value, None, {}
            row.seeded_at = row.full_synced_at = row.probed_at = None
        else:
            row = cls._made(found.generation)
        row.chosen_at, row.found_by = datetime.now(UTC), found.by
        row.save()
        return row

    @classmethod
    def _configured(cls) -> "QuerySet[Upstream]":
        return cls.objects.filter(
            base_url=settings.MOBIUS_IDENTITY, project=settings.MOBIUS_PROJECT
        )

    @classmethod
    def _made(cls, generation: Generation) -> "Upstream":
        row, _ = cls.objects.get_or_create(
            base_url=settings.MOBIUS_IDENTITY,
            project=settings.MOBIUS_PROJECT,
            generation=generation.value,
            defaults={"tally_zone": settings.TIME_ZONE, "index_rules": question_words.rules()},
        )
        return row

    def _is_unread(self) -> bool:
        models = (Interaction, Run)
        return not any(model.objects.filter(upstream=self).exists() for model in models)

    def clock(self, now: datetime) -> datetime:
        """What Mobius's clock shows then."""
        return now + self.clock_offset

    @property
    def api(self) -> Generation:
        return Generation(self.generation)

    @property
    def adapter(self) -> Adapter:
        """It reads what is stored of this upstream."""
        return ADAPTERS[self.api]

    @property
    def has_runs(self) -> bool:
        return self.adapter.has_runs

    @property
    def has_groups(self) -> bool:
        return self.adapter.has_groups

    @property
    def has_machines(self) -> bool:
        return self.adapter.has_machines

    @property
    def former(self) -> "Upstream | None":
        """Of another generation, chosen before this one."""
        chosen = self._configured().exclude(pk=self.pk).filter(chosen_at__isnull=False)
        return chosen.order_by("-chosen_at").first()

    @classmethod
    def lock(cls, pk: int) -> "Upstream":
        """Lock the row until the transaction ends: on PostgreSQL two writers could overwrite each
        other's rows. Projecting, settling and logging take this lock first, so they can't deadlock.

        Rows that refer to it can still be inserted (``no_key``): waiting for that led to deadlocks.
        """
        return cls.objects.select_for_update(no_key=True).get(pk=pk)

    @classmethod
    def lock_current(cls) -> "Upstream":
        """To prevent deadlocks, everything that changes answers, accounts or the decision log locks
        this row before any other.
        """
        return cls.objects.select_for_update().get(pk=cls.current().pk)

    def tests(self) -> "models.QuerySet[Interaction, int]":
        """Keys of the test questions: indexes have the key, but not the ID."""
        rows = Interaction.objects.filter(upstream=self, mobius_id__in=self.test_questions)
        return rows.values_list("pk", flat=True)

    def counted_in(self, day: date) -> str:
        former = (zone for zone, last in self.former_zones if day <= date.fromisoformat(last))
        return next(former, self.tally_zone or settings.TIME_ZONE)
