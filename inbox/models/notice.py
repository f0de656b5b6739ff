"""A notification."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Notice(models.Model):
    """A notification about a question, or with an empty ``interaction_id`` about the account.

    A repeated one is the same row, unread again: ``times`` counts, ``at`` is the last time.
    ``sender`` is a Mobius ID, ``sender_name`` the name at that time. The question's text is not
    copied, so that nobody sees it who may no longer see the question.
    """

    class Kind(models.TextChoices):
        NUDGE = "nudge"
        TOKEN_REMOVED = "token_removed"  # noqa: S105 - a kind of notice

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="notices")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    interaction_id = models.CharField(max_length=200)
    sender = models.CharField(max_length=200, default="", blank=True)
    sender_name = models.CharField(max_length=300)
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # Of two simultaneous nudges, the second finds the row, and that it is recent.
            models.UniqueConstraint(
                fields=["reviewer", "upstream", "interaction_id", "kind"], name="one_notice_each"
            )
        ]
        indexes = [
            models.Index(fields=["reviewer", "upstream", "-at", "-id"], name="notice_newest"),
            models.Index(
                fields=["reviewer", "upstream"],
                condition=models.Q(read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(fields=["upstream", "at"], name="notice_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.interaction_id}"
