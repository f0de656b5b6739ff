"""One step of a run, from the moment the run reaches it."""

from django.db import models

from inbox.engine.models.fields import JSONText
from inbox.engine.models.run import Run


class Step(models.Model):
    """``output`` is what later steps may refer to, None until the step is completed."""

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Kind(models.TextChoices):
        CONTROL = "control"
        SERVER_ACTION = "server_action"

    id = models.CharField(max_length=40, primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    step_name = models.CharField(max_length=200)
    action = models.CharField(max_length=40, default="")
    attempt = models.PositiveIntegerField(default=0)
    transition_seq = models.BigIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices)
    parameters = JSONText()
    output = JSONText(null=True)
    error_type = models.CharField(max_length=40, null=True)
    error_message = models.TextField(null=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "transition_seq"], name="engine_step_order")
        ]

    def __str__(self) -> str:
        return f"{self.step_name} {self.status}"
