"""What somebody is told here, beside their inbox."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Notice(models.Model):
    """One person is told about one question, or with an empty ``interaction_id`` about their
    account. Said again, it is the same notice, unread anew.

    ``sender`` is the Mobius id of whoever said it, ``sender_name`` what they were called then.
    ``times`` is how often it was said, ``at`` when last. The question's words are not kept here:
    who may no longer see it is shown none of them.
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
            # Two who press at once write one row: the second finds it, and how young it is.
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
