"""A run of a workflow."""

from django.db import models
from django.db.models import Q

from inbox.engine.models.fields import JSONText
from inbox.engine.models.project import Project


class Run(models.Model):
    """Its state is all here: whoever reads the row can carry on from it.

    ``position`` is the index of the step to run next, or of the one that is waited in.
    ``fires_at`` is when the runner must look at the run: at once while it is queued or running,
    the end of a sleep or of a wait for a signal, None when it waits for a person or is over.
    ``wake_at`` is what the run's readers are told: the deadline of a question as well.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUSPENDED = "suspended"
        COMPLETED = "completed"
        FAILED = "failed"

    class Wait(models.TextChoices):
        INTERACTION = "interaction"
        SIGNAL = "signal"
        SLEEP = "sleep"

    UNJOINED = ("spec",)
    FINISHED = (Status.COMPLETED, Status.FAILED)

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    workflow_name = models.CharField(max_length=200)
    queue = models.CharField(max_length=200, default="default")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    attempt = models.PositiveIntegerField(default=1)
    spec = JSONText()
    inputs = JSONText()
    metadata = JSONText()
    tags = JSONText()
    external_id = models.CharField(max_length=200, null=True)
    position = models.PositiveIntegerField(default=0)
    step_counts = JSONText()
    wait_kind = models.CharField(max_length=12, choices=Wait.choices, null=True)
    wait_signal = models.CharField(max_length=200, null=True)
    wait_interaction_id = models.CharField(max_length=40, null=True)
    wake_at = models.DateTimeField(null=True)
    fires_at = models.DateTimeField(null=True)
    error_type = models.CharField(max_length=20, null=True)
    error_message = models.TextField(null=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "external_id"], name="engine_run_external")
        ]
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="engine_run_newest"),
            models.Index(
                fields=["project", "status", "created_at", "id"], name="engine_run_status"
            ),
            models.Index(
                fields=["fires_at"], condition=Q(fires_at__isnull=False), name="engine_run_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def finished(self) -> bool:
        """Nothing more will happen to the run."""
        return self.status in self.FINISHED
