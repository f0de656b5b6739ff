"""A claim or a release that is being sent."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from inbox.models.reviewer import Reviewer


class ClaimAttempt(models.Model):
    """A claim or release that was sent, kept until the question shows its outcome.

    ``verb`` is ``claim`` or ``release``. ``held``: the person had claimed the question before.
    ``question_updated_at`` is the question's ``updated_at`` in the mirror at that time.
    ``ended_at`` and ``http_status`` are set if the request failed; without a response it may still
    be accepted.
    """

    GIVE_UP_AFTER = timedelta(minutes=5)
    """An attempt without a response counts as not accepted after this."""
    GIVE_UP_AFTER_FAILURE = timedelta(minutes=1)

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
    def given_up(self) -> bool:
        """Whether it counts as not accepted, since the question has not shown it for so long."""
        if self.ended_at is not None:
            return self.ended_at + self.GIVE_UP_AFTER_FAILURE < timezone.now()
        return self.created_at + self.GIVE_UP_AFTER < timezone.now()
