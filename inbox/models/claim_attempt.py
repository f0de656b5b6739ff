"""A claim or a release on its way."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from inbox.models.reviewer import Reviewer


class ClaimAttempt(models.Model):
    """A claim or release that was sent, kept until the question shows what became of it.

    ``verb`` is ``claim`` or ``release``. ``held``: the person had the question claimed before.
    ``question_updated_at`` is the question's time as the mirror had it then. ``ended_at`` and
    ``http_status`` are set where the request was answered with a failure; one without a response
    may still be accepted.
    """

    KEPT = timedelta(minutes=5)
    """After this one without a response has not been accepted."""
    KEPT_AFTER_FAILURE = timedelta(minutes=1)

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    verb = models.CharField(max_length=10)
    address = models.CharField(max_length=64, default="", blank=True)
    held = models.BooleanField()
    question_updated_at = models.DateTimeField()
    http_status = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.verb} {self.interaction_id}"

    @property
    def over(self) -> bool:
        """What the question does not show by now has not been accepted."""
        if self.ended_at is not None:
            return self.ended_at + self.KEPT_AFTER_FAILURE < timezone.now()
        return self.created_at + self.KEPT < timezone.now()
