"""What is due: queued runs, sleeps and waits that are over, questions past their deadline."""

from collections.abc import Sequence
from datetime import datetime

from inbox.engine.actions.claiming import find
from inbox.engine.actions.progress import expire_item, fail
from inbox.engine.actions.unit import writing
from inbox.engine.models import Interaction, Run

Due = tuple[int, str]
"""A project and the id of a row in it."""


def due_runs(*, now: datetime, limit: int) -> list[Due]:
    """Up to ``limit`` runs that have something to do, the longest due first."""
    rows = Run.objects.filter(fires_at__lte=now).order_by("fires_at")
    return list(rows.values_list("project_id", "pk")[:limit])


def due_interactions(*, now: datetime, limit: int) -> list[Due]:
    """Up to ``limit`` questions past their deadline, the longest due first."""
    rows = Interaction.objects.filter(fires_at__lte=now).order_by("fires_at")
    return list(rows.values_list("project_id", "pk")[:limit])


def earliest() -> datetime | None:
    """When something is due next, or has been due since; None where nothing is waited for."""
    found: list[datetime] = []
    for model in (Run, Interaction):
        rows = model.objects.filter(fires_at__isnull=False).order_by("fires_at")
        found += [each for each in rows.values_list("fires_at", flat=True)[:1] if each is not None]
    return min(found, default=None)


def expire(*, project_id: int, interaction_ids: Sequence[str], at: datetime | None = None) -> int:
    """Close those of the questions whose deadline has passed, and fail the runs that asked them.

    One that was answered meanwhile is left alone. Returns how many expired.
    """
    expired = 0
    with writing(project_id, at) as unit:
        for interaction_id in interaction_ids:
            item = find(project_id, interaction_id)
            if item.fires_at is None or item.fires_at > unit.now:
                continue
            expire_item(unit, item)
            expired += 1
            if item.run is not None and item.step is not None:
                fail(unit, item.run, item.step, reason="timeout", message="nobody answered in time")
    return expired
