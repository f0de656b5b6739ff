"""A filter of the run monitor, saved with a name."""

from django.conf import settings
from django.db import models
from django.urls import reverse


class SavedView(models.Model):
    """``query`` is from ``RunFilters.querystring``: filters and order, without a page.

    The view's URL has the query too, so that a shared link works after the view is deleted.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_view_of_a_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse('runs')}?{self.query}{'&' if self.query else ''}view={self.pk}"
