"""Limits how often a person may trigger a call to Mobius."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from inbox.models import CountedCall, Reviewer

MAX_CALLS = 10
PERIOD = timedelta(minutes=1)
"""The time within which at most ``MAX_CALLS`` are allowed."""


class RateLimiter:
    """Counts in all processes together, by the database's clock, and by ``name``."""

    def __init__(self, name: str) -> None:
        self._name = name

    @transaction.atomic
    def allow(self, user_id: int) -> bool:
        """Count a call. False, without counting it, if there were too many."""
        # Locks the account's row, so that its calls are counted one after the other.
        list(Reviewer.objects.select_for_update(no_key=True).filter(user_id=user_id).only("pk"))
        calls = CountedCall.objects.filter(limiter=self._name, account=user_id)
        if calls.filter(at__gt=Now() - PERIOD).count() >= MAX_CALLS:
            return False
        CountedCall.objects.create(limiter=self._name, account=user_id, at=Now())
        return True


def tidy() -> None:
    CountedCall.objects.filter(at__lte=Now() - PERIOD).delete()
