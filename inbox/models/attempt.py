"""A try to send an answer, stored before it is sent."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from inbox.models.reviewer import Reviewer

SKEW = timedelta(minutes=1)
"""How far our clock and that of Mobius may be apart."""


def same(first: Any, second: Any) -> bool:
    """Whether both are the same JSON: ``1`` is not ``true``."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)


class Attempt(models.Model):
    """An answer that is being sent, or was.

    ``operation_id`` makes repeated submits one answer. ``state`` is ``open`` (it is unknown whether
    it arrived), ``accepted`` (upstream accepted it and does not show it yet), ``unconfirmed`` (the
    same, for so long that it can be sent again), ``answered`` (upstream shows it) or ``refused``
    (upstream refused it, or somebody was first: ``outcome`` has the code). ``shown`` is what the
    person saw: message, context, questions, ``updated_at``. ``address`` is where the answer was
    sent from, for the decision log. ``http_status`` is that of a failed POST, null if it succeeded
    or had no response.
    """

    NOT_SENT = "not_sent"
    """The outcome of an attempt whose request was not sent."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        UNCONFIRMED = "unconfirmed"
        ANSWERED = "answered"
        REFUSED = "refused"

    UNSETTLED = (State.OPEN, State.ACCEPTED, State.UNCONFIRMED)
    """An answer may still turn out to be from an attempt in one of these states."""

    operation_id = models.CharField(max_length=64)
    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    upstream = models.ForeignKey("inbox.Upstream", on_delete=models.CASCADE, related_name="+")
    interaction_id = models.CharField(max_length=200)
    value = models.JSONField(null=True)
    comment = models.TextField(default="", blank=True)
    credential_kind = models.CharField(max_length=10)
    address = models.CharField(max_length=64, default="", blank=True)
    shown = models.JSONField(default=dict)
    http_status = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=60, default="", blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    accepted_at = models.DateTimeField(null=True)

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

    @property
    def sent(self) -> bool:
        """Whether its request may have reached upstream."""
        return self.outcome != self.NOT_SENT

    def matches(self, value: Any, comment: str, at: datetime | None) -> bool:
        """Whether an answer with this value and comment may be from this attempt.

        Its time must be between the attempt's start and end, give or take ``SKEW``. An unsettled
        attempt lasts until now.
        """
        if not self.sent or not same(self.value, value) or self.comment != comment:
            return False
        ended = self.settled_at or timezone.now()
        return at is None or self.created_at - SKEW <= at <= ended + SKEW
