"""The log of what happened."""

from django.db import models

from inbox.engine.models.project import Project


class Event(models.Model):
    """One frame of the stream, ready to be sent. ``frame`` is JSON, ASCII, without line breaks.

    Only who holds the project's lock writes here, so the database need not check the project again.
    """

    pk = models.CompositePrimaryKey("project_id", "seq")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    seq = models.BigIntegerField()
    run_id = models.CharField(max_length=40, null=True)
    type = models.CharField(max_length=40)
    at = models.DateTimeField()
    frame = models.TextField()

    class Meta:
        indexes = [
            models.Index(
                fields=["run_id", "seq"],
                condition=models.Q(run_id__isnull=False),
                name="engine_event_of_run",
            )
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type}"
