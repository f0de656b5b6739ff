"""An event, mirrored."""

from django.db import models


class Event(models.Model):
    """An event of a run. ``data`` is what the timeline needs, not the whole payload.

    ``kind`` is an ``EventKind``, ``type`` the API's type. ``seq`` is unique within a run; it may
    count per run or per project.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    run_id = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    type = models.CharField(max_length=100)
    at = models.DateTimeField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "run_id", "seq"], name="one_event_of_run_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"
