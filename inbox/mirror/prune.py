"""Forgetting what has been over for long. Decisions and the tallies stay."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from inbox.mirror.history import CLOSED
from inbox.models import Event, Interaction, Run, Upstream

BATCH = 200
"""Rows that go in one transaction: what a writer beside it waits for."""


def prune(before: datetime) -> bool:
    """Forget a batch of what was over before the instant. True where there may be more."""
    return any(_prune(pk, before) for pk in Upstream.objects.values_list("pk", flat=True))


def _prune(pk: int, before: datetime) -> bool:
    with transaction.atomic():
        # The lock under which the mirror is written: nothing comes back between the two.
        upstream = Upstream.objects.select_for_update().get(pk=pk)
        since = max(before, upstream.pruned_before or before)
        interactions = _over(upstream, before)
        runs = _finished(upstream, before)
        events = list(_loose_events(upstream, before).values_list("pk", flat=True)[:BATCH])
        if not interactions and not runs and not events:
            return False
        Upstream.objects.filter(pk=pk).update(pruned_before=since)
        Interaction.objects.filter(pk__in=interactions).delete()
        Event.objects.filter(upstream=upstream, run_id__in=list(runs.values())).delete()
        Event.objects.filter(pk__in=events).delete()
        Run.objects.filter(pk__in=list(runs)).delete()
        return True


def _over(upstream: Upstream, before: datetime) -> list[int]:
    rows = Interaction.objects.filter(upstream=upstream, updated_at__lt=before)
    found: list[int] = []
    for part in (rows.filter(status__in=CLOSED), rows.exclude(status__in=CLOSED).filter(gone=True)):
        found += part.values_list("pk", flat=True)[: BATCH - len(found)]
    return found


def _finished(upstream: Upstream, before: datetime) -> dict[int, str]:
    """Those whose questions have gone already."""
    rows = Run.objects.filter(upstream=upstream, created_at__lt=before, updated_at__lt=before)
    found: dict[int, str] = {}
    # How a run ended that is known from its questions alone is never told.
    unread = rows.filter(finished=False, raw={}, gone__in=(False,))
    for part in (rows.filter(finished=True, gone__in=(False,)), unread, rows.filter(gone=True)):
        asking = Interaction.objects.filter(upstream=upstream).values("run_id")
        idle = part.exclude(mobius_id__in=asking.exclude(run_id=None))
        found |= dict(idle.values_list("pk", "mobius_id")[: BATCH - len(found)])
    return found


def _loose_events(upstream: Upstream, before: datetime) -> QuerySet[Event]:
    """Of questions that no run asks."""
    return Event.objects.filter(upstream=upstream, run_id="", at__lt=before)
