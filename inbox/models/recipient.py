"""Who was asked."""

from django.db import models

from inbox.models.interaction import Interaction


class Recipient(models.Model):
    """A person whom an interaction asks: the direct target, or a member of its group.

    What the inbox sorts and filters by is copied from the interaction, so that a person's list
    needs one index only: ``open`` (this person has still to answer), ``due_at``, ``closed_at``.
    ``via_group`` is false for the direct target. ``answered_at`` is when this person answered.
    ``holds``: open, and claimed by this person. ``waits``: answered by this person, and still open
    for others.
    """

    interaction = models.ForeignKey(
        Interaction, on_delete=models.CASCADE, related_name="recipients"
    )
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    user_id = models.CharField(max_length=200)
    via_group = models.BooleanField(default=False)
    open = models.BooleanField()
    holds = models.BooleanField(default=False)
    waits = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    value = models.JSONField(null=True)
    comment = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["interaction", "user_id"], name="asked_once")
        ]
        indexes = [
            models.Index(fields=["upstream", "user_id", "open", "due_at", "id"], name="asks_open"),
            models.Index(fields=["upstream", "user_id", "open", "-closed_at"], name="asks_closed"),
            # Partial indexes: these are few of very many rows.
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(holds=True),
                name="asks_held",
            ),
            models.Index(
                fields=["upstream", "user_id", "due_at", "id"],
                condition=models.Q(waits=True),
                name="asks_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.user_id
