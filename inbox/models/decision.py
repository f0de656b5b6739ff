"""What was done here, by whom and with what."""

from django.db import models


class Decision(models.Model):
    """One entry of the decision log. Plain ids, no foreign keys: people and items can go.

    ``actor`` is the Mobius id for whom it was done, ``account`` the user name that did it,
    ``credential_kind`` ``member`` or ``service``.
    """

    at = models.DateTimeField()
    verb = models.CharField(max_length=40)
    base_url = models.CharField(max_length=500)
    project = models.CharField(max_length=200)
    interaction_id = models.CharField(max_length=200)
    run_id = models.CharField(max_length=200, null=True)
    actor = models.CharField(max_length=200)
    account = models.CharField(max_length=150)
    credential_kind = models.CharField(max_length=10)
    operation_id = models.CharField(max_length=64, default="")
    value = models.JSONField(null=True)
    comment = models.TextField(default="")
    shown = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["interaction_id", "at"], name="decision_of_item"),
            models.Index(fields=["-at", "-id"], name="decision_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.interaction_id}"
