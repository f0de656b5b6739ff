"""A question that one person has put off."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from inbox.models.interaction import OPEN, Interaction
from inbox.models.reviewer import Reviewer

AHEAD = timedelta(hours=1)
"""How long before its deadline a question returns, if the deadline was brought forward."""


class SnoozeQuerySet(models.QuerySet["Snooze"]):
    def of_open(self) -> Self:
        """``Coalesce`` keeps SQLite from walking an index over all open questions."""
        status = Coalesce("interaction__status", Value(""))
        rows = self.filter(interaction__deleted=False)
        return rows.alias(plain_status=status).filter(plain_status__in=OPEN)

    def waiting(self, now: datetime) -> Self:
        limit = now + AHEAD
        due, expires = F("interaction__due_at"), F("interaction__expires_at")
        is_due = Q(until__gt=due, interaction__due_at__lte=limit, interaction__due_at__gt=F("at"))
        expired = Q(until__gt=expires, interaction__expires_at__lte=limit)
        return self.filter(until__gt=now).exclude(is_due | expired)


class Snooze(models.Model):
    """The row stays after ``returns_at``, since the question is listed first from then on."""

    reviewer = models.ForeignKey(Reviewer, on_delete=models.CASCADE, related_name="+")
    interaction = models.ForeignKey(Interaction, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()
    at = models.DateTimeField()

    objects = SnoozeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reviewer", "interaction"], name="one_snooze_each")
        ]

    def __str__(self) -> str:
        return f"{self.interaction_id} until {self.until:%c}"

    @property
    def returns_at(self) -> datetime:
        """Load the interaction with the row."""
        item = self.interaction
        return return_time(self.until, self.at, item.due_at, item.expires_at)


def return_time(
    until: datetime, at: datetime, due_at: datetime | None, expires_at: datetime | None
) -> datetime:
    """At ``until``, or ``AHEAD`` of a deadline that now comes before ``until``."""
    limits = [limit for limit in (due_at, expires_at) if limit is not None]
    if due_at is not None and due_at <= at:
        limits.remove(due_at)
    return min([until, *(limit - AHEAD for limit in limits if limit < until)])
