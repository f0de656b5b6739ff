"""The Mobius project that a row came from."""

from datetime import date

from django.conf import settings
from django.db import models


class Upstream(models.Model):
    """A project of a Mobius, and the state of its mirror.

    Every mirror row refers to its upstream. Pages read the current one only, so another
    ``MOBIUS_BASE_URL`` or project shows no rows of the former.
    """

    base_url = models.CharField(
        max_length=500,
        help_text="or 'embedded': the own engine keeps its rows when its port changes",
    )
    project = models.CharField(max_length=200)
    cursor = models.BigIntegerField(
        null=True, help_text="seq of the last event of the project stream that is in the mirror"
    )
    seeded_at = models.DateTimeField(null=True, help_text="end of the first whole walk")
    walked_at = models.DateTimeField(null=True, help_text="end of the last whole walk")
    pruned_before = models.DateTimeField(
        null=True, help_text="what was over before this instant is no longer mirrored"
    )
    capabilities = models.JSONField(
        default=dict, help_text="what it was found to offer, as inbox.mobius.types.Capabilities"
    )
    probed_at = models.DateTimeField(null=True, help_text="when that was last found out")
    proves_tokens = models.BooleanField(
        default=False, help_text="it has said at least once whose a member token is"
    )
    key_answers = models.BooleanField(
        default=False, help_text="whether the service key answers, as last logged"
    )
    heard_at = models.DateTimeField(null=True, help_text="upstream last said something")
    tally_zone = models.CharField(
        max_length=100,
        default="",
        help_text="time zone by whose days Insights counts; empty until it was counted anew",
    )
    former_zones = models.JSONField(
        default=list,
        help_text="[zone, last day] of days that can no longer be counted anew, oldest first",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base_url", "project"], name="one_upstream_each")
        ]

    def __str__(self) -> str:
        return f"{self.project} at {self.base_url}"

    @classmethod
    def present(cls) -> "Upstream":
        """The upstream of the settings, created if it is new."""
        row, _ = cls.objects.get_or_create(
            base_url=settings.MOBIUS_IDENTITY,
            project=settings.MOBIUS_PROJECT,
            defaults={"tally_zone": settings.TIME_ZONE},
        )
        return row

    @classmethod
    def lock_present(cls) -> "Upstream":
        """``present``, locked until the transaction ends. Whoever changes answers, accounts or the
        decision log locks it before any other row, so that they can't deadlock.
        """
        return cls.objects.select_for_update().get(pk=cls.present().pk)

    def counted_in(self, day: date) -> str:
        """The time zone in which *Insights* has counted ``day``."""
        former = (zone for zone, last in self.former_zones if day <= date.fromisoformat(last))
        return next(former, self.tally_zone or settings.TIME_ZONE)
