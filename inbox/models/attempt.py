"""One try at answering, written before anything is sent."""

from django.db import models

from inbox.models.reviewer import Reviewer


class Attempt(models.Model):
    """An answer on its way. ``operation_id`` makes a repeated submit one answer.

    ``state``: ``open`` (whether it arrived is not known), ``answered`` (upstream holds it),
    ``refused`` (upstream said no, or somebody was first: ``outcome`` has the code). ``shown`` is
    what the person saw: message, context, questions, ``updated_at``. ``address`` is where the
    answer was sent from, for the decision log: who settles an attempt later has none.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        REFUSED = "refused"

    operation_id = models.CharField(max_length=64)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    value = models.JSONField(null=True)
    comment = models.TextField(default="", blank=True)
    credential_kind = models.CharField(max_length=10)
    address = models.CharField(max_length=64, default="", blank=True)
    shown = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "operation_id"], name="one_attempt_each")
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="attempt_open"),
            models.Index(fields=["upstream", "interaction_id"], name="attempt_of_item"),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id} {self.state}"
