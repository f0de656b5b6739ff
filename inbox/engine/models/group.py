"""A group of people that can be asked together."""

from django.db import models

from inbox.engine.models.project import Project


class Group(models.Model):
    """Its policy and members are copied into each interaction aimed at it."""

    class Routing(models.TextChoices):
        FIRST_RESPONDER = "first_responder"
        ALL_MEMBERS = "all_members"

    id = models.CharField(max_length=40, primary_key=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    handle = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    description = models.TextField(null=True)
    routing_policy = models.CharField(
        max_length=20, choices=Routing.choices, default=Routing.FIRST_RESPONDER
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "handle"], name="engine_group_handle")
        ]
        indexes = [models.Index(fields=["project", "created_at", "id"], name="engine_group_newest")]

    def __str__(self) -> str:
        return self.handle
