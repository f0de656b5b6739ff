"""One try at answering, written before anything is sent."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from inbox.models.reviewer import Reviewer

SKEW = timedelta(minutes=1)
"""How far our clock and that of Mobius may be apart."""


def same(one: Any, other: Any) -> bool:
    """The same JSON: ``1`` is not ``true``."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


class Attempt(models.Model):
    """An answer on its way. ``operation_id`` makes a repeated submit one answer.

    ``state``: ``open`` (whether it arrived is not known), ``accepted`` (upstream took it and does
    not show it yet), ``unconfirmed`` (the same, for so long that it can be sent again),
    ``answered`` (upstream shows it), ``refused`` (upstream said no, or somebody was first:
    ``outcome`` has the code). ``accepted_at`` is when upstream took it. ``shown`` is
    what the person saw: message, context, questions, ``updated_at``. ``address`` is where the
    answer was sent from, for the decision log: who settles an attempt later has none.
    ``http_status`` is the failure that the POST was answered with, null where it succeeded or no
    response came.
    """

    NOT_SENT = "not_sent"
    """The outcome of an attempt whose request never left this machine."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        UNCONFIRMED = "unconfirmed"
        ANSWERED = "answered"
        REFUSED = "refused"

    UNSETTLED = (State.OPEN, State.ACCEPTED, State.UNCONFIRMED)
    """An answer that comes may be of an attempt in one of these."""

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
        """Its request may have reached upstream, whatever the response said."""
        return self.outcome != self.NOT_SENT

    def made(self, value: Any, comment: str, at: datetime | None) -> bool:
        """An answer with this value and comment, given at that time, is what this attempt sent,
        whatever the response to that was.

        It was given between the attempt's start and its end, and up to ``SKEW`` before and after.
        An unsettled attempt lasts until now.
        """
        if not self.sent or not same(self.value, value) or self.comment != comment:
            return False
        ended = self.settled_at or timezone.now()
        return at is None or self.created_at - SKEW <= at <= ended + SKEW
