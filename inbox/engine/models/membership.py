"""A person's place in a group."""

from django.db import models

from inbox.engine.models.group import Group


class Membership(models.Model):
    """``added_by`` is None where a service key added the person."""

    id = models.CharField(max_length=40, primary_key=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user_id = models.CharField(max_length=200)
    added_by = models.CharField(max_length=200, null=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "user_id"], name="engine_member_once")
        ]
        indexes = [
            models.Index(fields=["group", "added_at", "id"], name="engine_member_newest"),
            models.Index(fields=["user_id"], name="engine_member_groups"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.group_id}"
