"""A person's notifications: writing, marking as read, pruning."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Interaction, Notice, Reviewer, Upstream
from inbox.models.notice import NoticeQuerySet

KEEP_FOR = timedelta(days=90)
"""Notifications are deleted after this, or after ``HISTORY_DAYS`` if that is less."""
BATCH = 1000


def notify(
    reviewer: Reviewer,
    kind: str,
    *,
    upstream_id: int,
    interaction_id: str = "",
    at: datetime | None = None,
    **fields: str,
) -> None:
    """Publishes after the commit. A repeated notification is the same row, unread again.

    ``at`` is now by default; ``fields`` are other fields of ``Notice``.
    """
    Notice.objects.update_or_create(
        reviewer=reviewer,
        upstream_id=upstream_id,
        interaction_id=interaction_id,
        kind=kind,
        defaults={**fields, "at": at or timezone.now(), "read_at": None},
    )
    topic = topics.notices(reviewer.mobius_id or "")
    transaction.on_commit(lambda: get_bus().publish([topic]))


def notices_of(reviewer: Reviewer, upstream: Upstream) -> NoticeQuerySet:
    return Notice.objects.filter(reviewer=reviewer, upstream=upstream)


def is_unread(reviewer: Reviewer, upstream: Upstream, interaction: Interaction) -> bool:
    about = notices_of(reviewer, upstream).filter(interaction_id=interaction.mobius_id)
    return about.filter(read_at__isnull=True).exists()


def read_item(
    *, reviewer: Reviewer, upstream: Upstream, interaction_id: str, now: datetime
) -> bool:
    """True if any was unread."""
    return _read(reviewer, notices_of(reviewer, upstream), now, interaction_id=interaction_id)


def read_row(*, reviewer: Reviewer, notice: Notice, now: datetime) -> bool:
    """With the earlier ones about its question. False if all were read."""
    rows = notices_of(reviewer, Upstream.current())
    if not notice.interaction_id:
        return _read(reviewer, rows, now, pk=notice.pk)
    return _read(reviewer, rows, now, interaction_id=notice.interaction_id, at__lte=notice.at)


def read_some(*, reviewer: Reviewer, numbers: Iterable[int], now: datetime) -> bool:
    return _read(reviewer, notices_of(reviewer, Upstream.current()), now, pk__in=numbers)


def read_all(*, reviewer: Reviewer, until: datetime, now: datetime) -> bool:
    """The person has not seen those after ``until``."""
    return _read(reviewer, notices_of(reviewer, Upstream.current()), now, at__lte=until)


def prune(now: datetime) -> bool:
    """Delete a batch. True if there may be more."""
    old = Notice.objects.filter(at__lt=now - min(KEEP_FOR, settings.HISTORY_DAYS))
    first = list(old.values_list("pk", flat=True)[:BATCH])
    count, _ = Notice.objects.filter(pk__in=first).delete()
    return count == BATCH


def _read(reviewer: Reviewer, rows: NoticeQuerySet, now: datetime, **filters: object) -> bool:
    new = rows.filter(read_at__isnull=True, **filters)
    # The query comes first, so that opening a page takes the write lock only if there is something.
    kinds = set(new.values_list("kind", flat=True))
    if not kinds or not new.update(read_at=now):
        return False
    if own := reviewer.mobius_id:
        shown = [topics.notices(own)]
        if Notice.Kind.NOT_SENT in kinds:
            shown.append(topics.held(own))
        if Notice.Kind.NUDGE in kinds:
            shown.append(topics.runs())
        get_bus().publish(shown)
    return True
