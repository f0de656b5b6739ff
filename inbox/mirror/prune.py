"""How far back the mirror goes: what closed long ago is deleted. Decisions and tallies stay."""

from collections.abc import Container
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from inbox.mirror.rows import CLOSED
from inbox.mirror.snapshots import Resource, Snapshot, newest
from inbox.mobius import types
from inbox.mobius.types import NO_TIME
from inbox.models import Event, Interaction, Run, Upstream

BATCH = 200
"""Rows deleted in one transaction; other writers wait for it."""


def prune(before: datetime) -> bool:
    """Delete a batch. True if there may be more."""
    return any(_prune(pk, before) for pk in Upstream.objects.values_list("pk", flat=True))


def _prune(pk: int, before: datetime) -> bool:
    with transaction.atomic():
        upstream = Upstream.lock(pk)
        since = max(before, upstream.pruned_before or before)
        interactions = _closed_interactions(upstream, before)
        runs = _finished_runs(upstream, before)
        events = list(_loose_events(upstream, before).values_list("pk", flat=True)[:BATCH])
        if not interactions and not runs and not events:
            return False
        Upstream.objects.filter(pk=pk).update(pruned_before=since)
        Interaction.objects.filter(pk__in=interactions).delete()
        Event.objects.filter(upstream=upstream, run_id__in=list(runs.values())).delete()
        Event.objects.filter(pk__in=events).delete()
        Run.objects.filter(pk__in=list(runs)).delete()
        return True


def _closed_interactions(upstream: Upstream, before: datetime) -> list[int]:
    rows = Interaction.objects.filter(upstream=upstream, updated_at__lt=before)
    pks: list[int] = []
    for part in (
        rows.filter(status__in=CLOSED),
        rows.exclude(status__in=CLOSED).filter(deleted=True),
    ):
        pks += part.values_list("pk", flat=True)[: BATCH - len(pks)]
    return pks


def _finished_runs(upstream: Upstream, before: datetime) -> dict[int, str]:
    rows = Run.objects.filter(upstream=upstream, created_at__lt=before, updated_at__lt=before)
    runs: dict[int, str] = {}
    here = rows.not_deleted_by_index()
    # A run that is known from its questions alone never gets a final status.
    unread = here.filter(finished=False, raw={})
    for part in (here.filter(finished=True), unread, rows.filter(deleted=True)):
        asking = Interaction.objects.filter(upstream=upstream).values("run_id")
        idle = part.exclude(mobius_id__in=asking.exclude(run_id=None))
        runs |= dict(idle.values_list("pk", "mobius_id")[: BATCH - len(runs)])
    return runs


def _loose_events(upstream: Upstream, before: datetime) -> QuerySet[Event]:
    return Event.objects.filter(upstream=upstream, run_id="", at__lt=before)


def is_pruned(
    resource: types.Interaction | types.Run | types.Step, before: datetime | None
) -> bool:
    """``before`` is the limit of the last pruning."""
    if before is None:
        return False
    closed = (
        resource.status.finished if isinstance(resource, types.Run) else resource.status in CLOSED
    )
    at = resource.completed_at or resource.updated_at
    return closed and at != NO_TIME and at < before


def drop_pruned(
    snapshots_by_id: dict[str, list[Snapshot[Resource]]],
    stored: Container[str],
    before: datetime | None,
) -> None:
    """Drop snapshots of what was pruned and isn't ``stored``, so that it does not come back.

    An event that is read again may show a pruned resource as it was while open.
    """
    if before is None:
        return
    for id in [id for id in snapshots_by_id if id not in stored]:
        last = newest(snapshots_by_id[id])
        old_news = last.logged and NO_TIME < last.resource.created_at < before
        if old_news or is_pruned(last.resource, before):
            del snapshots_by_id[id]
