"""A person's notices: how many are new, reading them, forgetting them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.models import Interaction, Notice, Reviewer, Upstream

KEPT = timedelta(days=90)
"""A notice is forgotten after this, or after ``HISTORY_DAYS`` where that is less."""
BATCH = 1000


def own(reviewer: Reviewer, upstream: Upstream) -> QuerySet[Notice]:
    """The person's notices, unordered."""
    return Notice.objects.filter(reviewer=reviewer, upstream=upstream)


def is_unread(reviewer: Reviewer, upstream: Upstream, interaction: Interaction) -> bool:
    """Something that the person was told about the question is unread."""
    about = own(reviewer, upstream).filter(interaction_id=interaction.mobius_id)
    return about.filter(read_at__isnull=True).exists()


def read_item(
    *, reviewer: Reviewer, upstream: Upstream, interaction_id: str, now: datetime
) -> bool:
    """The person has opened the question: what was said about it is read. True where it was new."""
    return _read(reviewer, own(reviewer, upstream), now, interaction_id=interaction_id)


def read_one(*, reviewer: Reviewer, number: int, now: datetime) -> bool:
    """Mark one notice as read. False where it is not there, not this person's, or was read."""
    return _read(reviewer, own(reviewer, Upstream.present()), now, pk=number)


def read_all(*, reviewer: Reviewer, until: datetime, now: datetime) -> bool:
    """Mark all as read that came until then: what came since, the person has not seen."""
    return _read(reviewer, own(reviewer, Upstream.present()), now, at__lte=until)


def prune(now: datetime) -> bool:
    """Forget what is old, a small batch at a time. True where there may be more."""
    old = Notice.objects.filter(at__lt=now - min(KEPT, settings.HISTORY_DAYS))
    first = list(old.values_list("pk", flat=True)[:BATCH])
    count, _ = Notice.objects.filter(pk__in=first).delete()
    return count == BATCH


def _read(reviewer: Reviewer, rows: QuerySet[Notice], now: datetime, **which: object) -> bool:
    new = rows.filter(read_at__isnull=True, **which)
    # Asked first: a page that is opened takes the writer's lock only where there is something.
    if not new.exists() or not new.update(read_at=now):
        return False
    if reviewer.mobius_id:
        get_bus().publish([topics.notices(reviewer.mobius_id), topics.runs()])
    return True
