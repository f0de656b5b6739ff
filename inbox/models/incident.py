"""What administrators were told about."""

from django.db import models


class Incident(models.Model):
    """A time in which an administrator has to act, until ``ended_at``.

    ``began_mailed_at`` and ``ended_mailed_at``: when the mails about it were sent.
    """

    class Kind(models.TextChoices):
        KEY_REFUSED = "key_refused"
        PROJECT_UNKNOWN = "project_unknown"
        SYNC_DEAD = "sync_dead"
        LOG_BROKEN = "log_broken"

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    began_mailed_at = models.DateTimeField(null=True)
    ended_mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "kind"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_incident_each",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} since {self.began_at:%Y-%m-%d %H:%M}"
