"""Groups and their members: mirrored, or assigned here."""

from django.db import models
from django.urls import reverse


class Group(models.Model):
    """``routing`` is a ``PolicyKind``."""

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    mobius_id = models.CharField(max_length=200)
    handle = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    description = models.TextField(default="")
    routing = models.CharField(max_length=20)
    deleted = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_group_each")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("group", args=[self.handle or self.mobius_id])


class Membership(models.Model):
    """``user_id`` is a Mobius ID, which may have no account here."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    user_id = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "user_id"], name="member_once")]

    def __str__(self) -> str:
        return self.user_id


class GroupMapping(models.Model):
    """A person's membership of a group whose members Mobius does not list.

    ``group_id`` is compared with a question's group id, then with its target's id.
    """

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    group_id = models.CharField(max_length=200)
    reviewer = models.ForeignKey(
        "inbox.Reviewer", on_delete=models.CASCADE, related_name="mapped_groups"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "group_id", "reviewer"], name="mapped_to_group_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reviewer} in {self.group_id}"
