"""A step of a run, mirrored."""

from django.db import models

from inbox.models.run import Run


class Step(models.Model):
    """One attempt at one step, in ``order``."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    mobius_id = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=40, default="")
    action = models.CharField(max_length=200, default="")
    status = models.CharField(max_length=40)
    attempt = models.IntegerField(default=0)
    order = models.IntegerField(default=0)
    error_type = models.CharField(max_length=100, default="")
    error_message = models.TextField(default="")
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    seq = models.BigIntegerField(default=0)
    raw = models.JSONField(default=dict)

    class Meta:
        ordering = ["order", "id"]
        constraints = [models.UniqueConstraint(fields=["run", "mobius_id"], name="one_step_each")]

    def __str__(self) -> str:
        return self.name
