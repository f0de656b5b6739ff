"""The numbers in the rail that every page shows, beside those of the reader's own list."""

from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.db.models.functions import Coalesce

from inbox import access
from inbox.access import Viewer
from inbox.models import Notice, Upstream
from inbox.presenters.scopes import CLAIMED, COUNTED, OPEN, OTHERS, counted_words, rows_of


def rail_counts(viewer: Viewer, upstream: Upstream, *, own: bool = False) -> dict[str, str]:
    """``notices``: unread ones; for a lead ``blocked``: all that waits. One query.

    ``own``: those of the reader's list as well, for a page that has not counted them. Each is
    counted as far as the rail counts, so that very many cost no more.
    """
    unread = Notice.objects.filter(
        reviewer__user_id=viewer.user_id, upstream=upstream, read_at__isnull=True
    )
    figures = {"notices": _figure(unread)}
    if viewer.lead:
        waits = access.interactions(viewer, upstream).filter(status="pending", gone=False)
        figures["blocked"] = _figure(waits.order_by("created_at", "id"))
    if own and viewer.mobius_id:
        opened = rows_of(OPEN, viewer, upstream)
        figures["inbox"] = _figure(opened.order_by("due_at", "id"))
        figures["groups"] = _figure(opened.filter(via_group__in=(True,)).order_by("due_at", "id"))
        figures["claimed"] = _figure(rows_of(CLAIMED, viewer, upstream))
        figures["others"] = _figure(rows_of(OTHERS, viewer, upstream))
    found = Upstream.objects.filter(pk=upstream.pk).values_list(*figures.values()).first()
    return {name: counted_words(count) for name, count in zip(figures, found or (), strict=False)}


def _figure(rows: QuerySet[Any, Any]) -> Coalesce:
    first = rows.values("pk")[: COUNTED + 1]
    # Counted of what all of them share: one group, and so one row.
    counted = rows.model._default_manager.filter(pk__in=first).order_by().values("upstream")
    return Coalesce(Subquery(counted.annotate(n=Count("pk")).values("n")), 0)
