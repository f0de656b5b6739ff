"""How far back the mirror goes."""

from collections.abc import Container
from datetime import datetime

from inbox.mirror.snapshots import Resource, Snapshot, newest
from inbox.mobius import types
from inbox.mobius.types import NO_TIME, InteractionStatus

CLOSED = (InteractionStatus.COMPLETED, InteractionStatus.EXPIRED)


def is_pruned(
    resource: types.Interaction | types.Run | types.Step, before: datetime | None
) -> bool:
    """Whether it was closed before ``before``, the limit of the last pruning."""
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
    """Drop snapshots of what was pruned up to ``before``, so that it does not come back.

    What is ``stored`` stays. An event that is read again may show a pruned resource as it was while
    open.
    """
    for id in [id for id in snapshots_by_id if before is not None and id not in stored]:
        last = newest(snapshots_by_id[id])
        old_news = (
            last.logged and before is not None and NO_TIME < last.resource.created_at < before
        )
        if old_news or is_pruned(last.resource, before):
            del snapshots_by_id[id]
