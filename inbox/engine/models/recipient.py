"""Whose inbox an interaction is in."""

from django.db import models

from inbox.engine.models.interaction import Interaction


class Recipient(models.Model):
    """One row for the person asked directly, or one for each member of the snapshot."""

    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="+")
    user_id = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "interaction"], name="engine_recipient_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} of {self.interaction_id}"
