"""Membership of a group, mirrored."""

from django.db import models

from inbox.models.group import Group


class Membership(models.Model):
    """``user_id`` is a Mobius ID, which may have no account here."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user_id = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user_id"], name="member_once")]

    def __str__(self) -> str:
        return self.user_id
