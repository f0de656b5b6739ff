"""Daily counts for *Insights*."""

from django.db import models


class Tally(models.Model):
    """Counts of one day, in the installation's time zone.

    Only ``inbox.mirror.tally`` writes it, in the transaction that writes the interaction; it
    outlives the interaction. ``person`` is a Mobius user id, empty for the questions themselves,
    each counted once. ``expired``, ``cancelled`` and ``bypassed`` closed without an answer.
    ``claim_times`` and ``answer_times`` are histograms of ``inbox.mirror.durations``.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    workflow = models.CharField(max_length=300, default="")
    type = models.CharField(max_length=40)
    group_id = models.CharField(max_length=200, default="")
    person = models.CharField(max_length=200, default="")
    asked = models.IntegerField(default=0)
    answered = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    bypassed = models.IntegerField(default=0)
    approved = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    claim_times = models.JSONField(default=dict)
    answer_times = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [
            # In the order that charts read: the questions, or one person, from day to day.
            models.UniqueConstraint(
                fields=["upstream", "person", "day", "workflow", "type", "group_id"],
                name="one_tally_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.workflow} {self.person}".rstrip()
