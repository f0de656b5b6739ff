"""Marking questions as seen and unread."""

from datetime import datetime

from django.db.models import Q, QuerySet

from inbox.access import Viewer, viewer_of
from inbox.answering.question import find_own
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Interaction, Recipient, Reviewer


def mark_seen(*, reviewer: Reviewer, interaction_id: str, version: datetime | None) -> bool:
    """``version`` is an ``updated_at``, None for the present one. False if noted before. Raises
    ``NotAsked``.
    """
    viewer = viewer_of(reviewer.user)
    item = find_own(viewer, interaction_id)
    version = item.updated_at if version is None else min(version, item.updated_at)
    rows = _own(viewer, item.pk).filter(Q(open=True) | Q(waits_for_others=True))
    return _write(viewer, interaction_id, rows.filter(_older_than(version)), version)


def mark_unread(*, reviewer: Reviewer, interaction_id: str) -> bool:
    """False if it does not wait for the person. Raises ``NotAsked``."""
    viewer = viewer_of(reviewer.user)
    rows = _own(viewer, find_own(viewer, interaction_id).pk).filter(open=True)
    if not rows.exists():
        return False
    _write(viewer, interaction_id, rows.filter(seen__isnull=False), None)
    return True


def acted_on(reviewer: Reviewer, item: Interaction) -> None:
    rows = Recipient.objects.filter(interaction=item, user_id=reviewer.mobius_id or "")
    rows.filter(_older_than(item.updated_at)).update(seen=item.updated_at)


def _own(viewer: Viewer, pk: int) -> QuerySet[Recipient]:
    return Recipient.objects.filter(interaction_id=pk, user_id=viewer.mobius_id or "")


def _older_than(version: datetime) -> Q:
    return Q(seen__isnull=True) | Q(seen__lt=version)


def _write(
    viewer: Viewer, interaction_id: str, rows: QuerySet[Recipient], seen: datetime | None
) -> bool:
    # The query comes first: most questions that are opened have been seen, and need no write lock.
    if not rows.exists() or not rows.update(seen=seen):
        return False
    if viewer.mobius_id:
        get_bus().publish({topics.inbox(viewer.mobius_id): frozenset({interaction_id})})
    return True
