"""Questions that a person approves or rejects together."""

from datetime import datetime

from django.db import models
from django.urls import reverse

from inbox.models.reviewer import Reviewer


class Batch(models.Model):
    """A batch as it was previewed; its questions are fixed from then on.

    It is sent at ``send_at`` unless it is undone before, which makes it a preview again.
    ``shown_at``: a page has shown the results. ``dismissed_at``: no page shows them any more.

    ``query`` is the list that it came from, as in an address. ``more``: other questions matched and
    were left out. ``address`` is where it was confirmed, for the decision log.
    """

    class Verb(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=10, choices=Verb.choices)
    comment = models.TextField(default="", blank=True)
    address = models.CharField(max_length=64, default="", blank=True)
    query = models.TextField(default="", blank=True)
    more = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    send_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    shown_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Partial indexes, since few batches are unfinished at a time.
            models.Index(
                fields=["reviewer", "upstream", "created_at"],
                condition=models.Q(confirmed_at__isnull=False, dismissed_at__isnull=True),
                name="batch_shown",
            ),
            models.Index(
                fields=["upstream", "send_at"],
                condition=models.Q(confirmed_at__isnull=False, finished_at__isnull=True),
                name="batch_unfinished",
            ),
            models.Index(fields=["created_at"], name="batch_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("batch", args=[self.pk])

    @property
    def previewed(self) -> bool:
        return self.confirmed_at is None

    def held(self, now: datetime) -> bool:
        return self.send_at is not None and self.send_at > now and self.started_at is None


class BatchItem(models.Model):
    """``updated_at`` is the question's, as the person saw it. ``kind`` is the same for questions
    that can be answered together. ``outcome`` is a ``Kind`` of ``inbox.answering.outcome``, if left
    out a ``LeftOut`` of ``inbox.answering.batches``. ``tries``: how many requests Mobius has
    refused because there were too many.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENDING = "sending"
        DONE = "done"
        FAILED = "failed"
        LEFT_OUT = "left_out"

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="items")
    place = models.PositiveSmallIntegerField()
    interaction_id = models.CharField(max_length=200)
    updated_at = models.DateTimeField()
    kind = models.CharField(max_length=16, default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    outcome = models.CharField(max_length=40, default="", blank=True)
    message = models.TextField(default="", blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "interaction_id"], name="once_in_a_batch")
        ]

    def __str__(self) -> str:
        return f"{self.interaction_id} {self.state}"

    @property
    def operation_id(self) -> str:
        return f"batch-{self.pk}-{self.tries}"
