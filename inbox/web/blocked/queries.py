from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from inbox import access
from inbox.access import Viewer
from inbox.access.search import matching
from inbox.models import Interaction, Recipient, Upstream
from inbox.web.ui.lists import ListForm, OneOf, Search, Text, union_of_slices

SHOWN = ("late", "today", "stale", "all")
"""The counters: overdue, expiring within ``EXPIRING``, claimed too long, everyone must answer."""
EXPIRING = timedelta(hours=24)
"""The range of the chart in *Insights*."""
OVER = {"1h": 1, "4h": 4, "1d": 24}
"""Options of the filter for the time waited, in hours."""


class BlockedFilters(ListForm):
    """``group`` and ``person`` are Mobius IDs."""

    url_name = "blocked"

    show = OneOf(SHOWN)
    over = OneOf(OVER)
    workflow = Text()
    group = Text()
    person = Text()
    q = Search()


MOST = 200
"""How many questions are read of each kind: the oldest, overdue, expiring, claimed, and in review.
"""


def read(
    viewer: Viewer, upstream: Upstream, filters: BlockedFilters, now: datetime
) -> tuple[list[Interaction], bool]:
    """Oldest first, and whether these are all: each kind is read along its own index up to
    ``MOST``.
    """
    rows = _narrowed(viewer, upstream, filters.cleaned_data, now)
    old = now - settings.CLAIM_STALE_AFTER
    due = rows.filter(due_at__isnull=False)
    parts = [
        rows.order_by("created_at", "id"),
        due.filter(due_at__lt=now).order_by("due_at"),
        due.filter(due_at__gte=now, due_at__lte=now + EXPIRING).order_by("due_at"),
        rows.filter(claimed_by__isnull=False, claimed_at__lte=old).order_by("claimed_at"),
    ]
    if upstream.adapter.has_reviews:
        reviews = _narrowed(viewer, upstream, filters.cleaned_data, now, status="in_review")
        parts.append(reviews.order_by("created_at", "id"))
    found = union_of_slices(*(part[: MOST + 1] for part in parts))
    wide = ("raw", "context", "message", "questions")
    items = list(found.defer(*wide).order_by("created_at", "id"))
    return items, len(items) <= MOST


def _narrowed(
    viewer: Viewer,
    upstream: Upstream,
    cleaned: Mapping[str, Any],
    now: datetime,
    *,
    status: str = "pending",
) -> QuerySet[Interaction]:
    rows = access.interactions(viewer, upstream).filter(status=status, deleted=False)
    rows = rows.exclude(pk__in=upstream.tests())
    if cleaned["over"]:
        rows = rows.filter(created_at__lte=now - timedelta(hours=OVER[cleaned["over"]]))
    if cleaned["workflow"]:
        rows = rows.filter(workflow=cleaned["workflow"])
    if cleaned["group"]:
        rows = rows.filter(group_id=cleaned["group"])
    if cleaned["person"]:
        recipients = Recipient.objects.filter(upstream=upstream, user_id=cleaned["person"])
        rows = rows.filter(id__in=recipients.open_by_index().values("interaction"))
    return rows.filter(matching(viewer, upstream, cleaned["q"]))
