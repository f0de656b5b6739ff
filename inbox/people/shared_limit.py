"""The pause that Mobius' limit of requests asks for, stored with the upstream for all processes."""

from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db.models import Q
from django.utils import timezone

from inbox.mobius.errors import RateLimited
from inbox.mobius.timing import Backoff
from inbox.models import Upstream

PAUSE = 60.0
"""Seconds, if Mobius doesn't say how long."""


class StoredLimit:
    """See ``SharedLimit``."""

    def __init__(self, upstream: Upstream) -> None:
        self._rows = Upstream.objects.filter(pk=upstream.pk)

    async def check(self) -> None:
        until = await self._rows.values_list("limited_until", flat=True).aget()
        left = 0.0 if until is None else (until - timezone.now()).total_seconds()
        if left > 0:
            raise RateLimited("Mobius limits requests.", status=429, retry_after=left)

    async def note(self, error: RateLimited) -> None:
        """An earlier end than the stored one changes nothing."""
        seconds = min(error.retry_after or PAUSE, Backoff.longest_retry_after)
        until = timezone.now() + timedelta(seconds=seconds)
        earlier = self._rows.filter(Q(limited_until=None) | Q(limited_until__lt=until))
        await sync_to_async(earlier.update)(limited_until=until)
