"""People whom an administrator has assigned to a Mobius group id."""

from django.db import models


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
