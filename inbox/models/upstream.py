"""The Mobius project that a row came from."""

from django.conf import settings
from django.db import models


class Upstream(models.Model):
    """One project at one Mobius, and how far its mirror has come.

    Every mirror row names its upstream; pages read the present one only, so another
    ``MOBIUS_BASE_URL`` or project shows none of the rows of the last.
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
    heard_at = models.DateTimeField(null=True, help_text="upstream last said something")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base_url", "project"], name="one_upstream_each")
        ]

    def __str__(self) -> str:
        return f"{self.project} at {self.base_url}"

    @classmethod
    def present(cls) -> "Upstream":
        """The upstream of the settings, made where it is new."""
        row, _ = cls.objects.get_or_create(
            base_url=settings.MOBIUS_IDENTITY, project=settings.MOBIUS_PROJECT
        )
        return row
