"""A group, mirrored."""

from django.db import models
from django.urls import reverse


class Group(models.Model):
    """A group as it was last polled. ``routing`` is a ``PolicyKind``."""

    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    mobius_id = models.CharField(max_length=200)
    handle = models.CharField(max_length=200)
    name = models.CharField(max_length=300)
    description = models.TextField(default="")
    routing = models.CharField(max_length=20)
    gone = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upstream", "mobius_id"], name="one_group_each")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("group", args=[self.handle or self.mobius_id])
