"""A question to a person, a group or an agent."""

from django.db import models
from django.db.models import Q

from inbox.engine.models.fields import JSONText
from inbox.engine.models.group import Group
from inbox.engine.models.project import Project
from inbox.engine.models.run import Run
from inbox.engine.models.step import Step


class Interaction(models.Model):
    """``step`` is set when a workflow's step asked; ``members`` is the group's snapshot.

    ``fires_at`` is ``expires_at`` while it can still expire, None once it is closed.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        COMPLETED = "completed"
        EXPIRED = "expired"

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, related_name="interactions")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, null=True, related_name="+")
    signal_name = models.CharField(max_length=200, null=True)
    type = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PENDING)
    message = models.TextField()
    context = JSONText(null=True)
    spec = JSONText(null=True)
    target_type = models.CharField(max_length=10)
    target_id = models.CharField(max_length=200)
    target_group_id = models.CharField(max_length=40, null=True)
    members = JSONText(null=True)
    routing_policy = models.CharField(max_length=20, choices=Group.Routing.choices, null=True)
    require_all = models.BooleanField(null=True)
    claimed_by = models.CharField(max_length=200, null=True)
    claimed_at = models.DateTimeField(null=True)
    partial_responses = JSONText(null=True)
    responder = JSONText(null=True)
    response = JSONText(null=True)
    expires_at = models.DateTimeField(null=True)
    fires_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["project", "created_at", "id"], name="engine_item_newest"),
            models.Index(
                fields=["project", "status", "created_at", "id"], name="engine_item_status"
            ),
            models.Index(
                fields=["fires_at"], condition=Q(fires_at__isnull=False), name="engine_item_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @property
    def all_must_answer(self) -> bool:
        """The policy in force: every member of the snapshot, or whoever is first."""
        return self.target_type == "group" and (
            self.routing_policy == Group.Routing.ALL_MEMBERS or bool(self.require_all)
        )
