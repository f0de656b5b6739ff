"""A run, mirrored."""

from django.db import models


class Run(models.Model):
    """A run as upstream last told it; ``inbox.mirror.project`` alone writes it.

    ``status`` is a ``RunStatus``, or the wire's own word where that is unknown. ``plan`` is the
    list of the spec's steps (name, kind, description), null until the run was read with its spec.
    ``log_from`` is the seq from which on the event rows are whole: 0 means all of them.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    mobius_id = models.CharField(max_length=200)
    workflow = models.CharField(max_length=300)
    status = models.CharField(max_length=40)
    status_since = models.DateTimeField()
    finished = models.BooleanField(default=False)
    queue = models.CharField(max_length=200, default="default")
    attempt = models.IntegerField(default=1)
    inputs = models.JSONField(default=dict)
    metadata = models.JSONField(default=dict)
    external_id = models.CharField(max_length=300, null=True)
    started_by = models.CharField(max_length=200, default="")
    wait = models.JSONField(default=dict)
    plan = models.JSONField(null=True)
    error_type = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    log_from = models.BigIntegerField(null=True)
    gone = models.BooleanField(default=False)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_run_each")
        ]
        indexes = [
            models.Index(fields=["upstream", "-created_at", "-id"], name="run_newest"),
            models.Index(fields=["upstream", "status", "-created_at"], name="run_by_status"),
            models.Index(fields=["upstream", "finished"], name="run_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.mobius_id}"
