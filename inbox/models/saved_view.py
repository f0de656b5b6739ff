"""A filtered list, saved with a name."""

from django.conf import settings
from django.db import models
from django.urls import reverse


class SavedView(models.Model):
    """``query`` is the filters and the order. ``group``: its members see the view as well.

    The view's URL has the query too, so that a link works after the view is deleted.
    """

    class Page(models.TextChoices):
        """The URL names of the lists."""

        INBOX = "inbox"
        RUNS = "runs"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    page = models.CharField(max_length=10, choices=Page.choices)
    name = models.CharField(max_length=80)
    query = models.TextField()
    group = models.ForeignKey("inbox.Group", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "page", "name"], name="one_view_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse(self.page)}?{self.query}{'&' if self.query else ''}view={self.pk}"
