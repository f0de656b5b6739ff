"""The Mobius project that a row came from."""

from datetime import date

from django.conf import settings
from django.db import models

from inbox.models import question_words


class Upstream(models.Model):
    """A project of a Mobius, and the state of its mirror.

    Every mirror row refers to its upstream. Pages read only the current one, so after a change of
    ``MOBIUS_BASE_URL`` or project they show none of the previous one's rows.
    """

    base_url = models.CharField(
        max_length=500,
        help_text="'embedded' for the embedded engine, whose rows stay when its port changes",
    )
    project = models.CharField(max_length=200)
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
    heard_at = models.DateTimeField(null=True, help_text="when Mobius last sent something")
    tally_zone = models.CharField(
        max_length=100,
        default="",
        help_text="time zone of the days in Insights; empty until they are recounted",
    )
    former_zones = models.JSONField(
        default=list,
        help_text="[zone, last day] of days that can no longer be recounted, oldest first",
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
            models.UniqueConstraint(fields=["base_url", "project"], name="one_upstream_each")
        ]

    def __str__(self) -> str:
        return f"{self.project} at {self.base_url}"

    @classmethod
    def current(cls) -> "Upstream":
        """The upstream of the settings, created if it is new."""
        row, _ = cls.objects.get_or_create(
            base_url=settings.MOBIUS_IDENTITY,
            project=settings.MOBIUS_PROJECT,
            defaults={"tally_zone": settings.TIME_ZONE, "index_rules": question_words.rules()},
        )
        return row

    @classmethod
    def lock(cls, pk: int) -> "Upstream":
        """The row, locked for writing its mirror until the transaction ends: on PostgreSQL two
        writers could overwrite each other's rows. Projecting, settling and logging take this lock
        first, so they can't deadlock.

        Rows that refer to it can still be inserted (``no_key``): waiting for that led to deadlocks.
        """
        return cls.objects.select_for_update(no_key=True).get(pk=pk)

    @classmethod
    def lock_current(cls) -> "Upstream":
        """``current``, locked until the transaction ends. To prevent deadlocks, everything that
        changes answers, accounts or the decision log locks it before any other row.
        """
        return cls.objects.select_for_update().get(pk=cls.current().pk)

    def counted_in(self, day: date) -> str:
        """The time zone in which *Insights* has counted ``day``."""
        former = (zone for zone, last in self.former_zones if day <= date.fromisoformat(last))
        return next(former, self.tally_zone or settings.TIME_ZONE)
