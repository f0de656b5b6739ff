"""Questions that a person answers, claims or releases together."""

from datetime import datetime

from django.db import models
from django.urls import reverse

from inbox.models.reviewer import Reviewer


class Batch(models.Model):
    """What is to be done with several questions, kept as it was previewed.

    It begins as a preview, and its questions are fixed from then on. ``confirmed_at``: the person
    has confirmed it. It is sent at ``send_at`` unless it is undone before, which makes it a preview
    again. ``started_at``: its questions are being sent. ``finished_at``: each has a result.
    ``dismissed_at``: the person has seen the results.

    ``query`` is the list that it came from, as in an address. ``more``: other questions matched and
    were left out, since there were too many. ``address`` is where it was confirmed, for the
    decision log.
    """

    class Verb(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"
        CLAIM = "claim"
        RELEASE = "release"

    ANSWERS = (Verb.APPROVE, Verb.REJECT)

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
    def answers(self) -> bool:
        return self.verb in self.ANSWERS

    @property
    def previewed(self) -> bool:
        """Whether it has not been confirmed."""
        return self.confirmed_at is None

    def held(self, now: datetime) -> bool:
        """Whether it can still be undone."""
        return self.send_at is not None and self.send_at > now and self.started_at is None


class BatchItem(models.Model):
    """A question of a batch.

    - ``updated_at``: the question's, as the person saw it.
    - ``kind``: the same for questions that can be answered together; empty if nothing is answered.
    - ``state``: ``waiting``, ``sending``, ``done``, ``failed``, or ``left_out`` from the start.
    - ``outcome``: the ``Kind`` of ``inbox.services.outcome`` of the result; of one that is left
      out, a ``LeftOut`` of ``inbox.services.batches``. ``message``: what Mobius said.
    - ``tries``: how many requests Mobius has refused because there were too many.
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
        """That of the attempt that its answer is sent with."""
        return f"batch-{self.pk}-{self.tries}"
