"""The frame around every page: the viewer, freshness and counts."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Func, IntegerField, QuerySet, Value

from inbox import access
from inbox.access import Viewer
from inbox.mirror import freshness
from inbox.models import Notice, SavedView, Upstream
from inbox.services.connection import connection
from inbox.web.ui.messages import problem_text
from inbox.web.ui.request import ReviewerRequest
from inbox.web.ui.scopes import CLAIMED, COUNTED, OPEN, OTHERS, counted_words, rows_of


def rail_counts(
    viewer: Viewer, upstream: Upstream, *, own: bool = False, notices: bool = True
) -> dict[str, str]:
    """``others``: what waits for others; for a lead ``blocked``: all that waits. One query.

    ``own``: those of what waits for the reader as well, for a page that has not counted them.
    ``notices``: the unread ones as well. What can be very many is counted as far as the rail
    counts, so that it costs no more.
    """
    counted: dict[str, QuerySet[Any, Any]] = {}
    if notices:
        counted["notices"] = Notice.objects.filter(
            reviewer__user_id=viewer.user_id, upstream=upstream, read_at__isnull=True
        )
    if viewer.lead:
        waits = access.interactions(viewer, upstream).filter(status="pending", gone=False)
        counted["blocked"] = _first(waits.order_by("created_at", "id"))
    if viewer.mobius_id:
        counted["others"] = rows_of(OTHERS, viewer, upstream)
    if own and viewer.mobius_id:
        opened = rows_of(OPEN, viewer, upstream)
        shared = opened.filter(via_group__in=(True,))
        counted["inbox"] = _first(opened.order_by("due_at", "id"))
        counted["groups"] = _first(shared.order_by("due_at", "id"))
        counted["claimed"] = rows_of(CLAIMED, viewer, upstream)
    figures = [_figure(name, rows) for name, rows in counted.items()]
    found = dict(figures[0].union(*figures[1:], all=True)) if figures else {}
    return {name: counted_words(count) for name, count in found.items()}


def _first(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.model._default_manager.filter(pk__in=rows.values("pk")[: COUNTED + 1])


def _figure(name: str, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    """One row: the name, and how many ``rows`` there are. ``Count`` would make a row a group."""
    count = Func(Value(1), function="COUNT", output_field=IntegerField())
    return rows.order_by().values_list(Value(name), count)


def own_views(viewer: Viewer) -> tuple[SavedView, ...]:
    """A lead's saved views by name. One query, none for others."""
    if not viewer.lead:
        return ()
    found = SavedView.objects.filter(owner_id=viewer.user_id)
    return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.pk)))


def frame(
    request: ReviewerRequest,
    upstream: Upstream,
    *,
    section: str,
    counts: Mapping[str, str] | None = None,
    views: Iterable[SavedView] | None = None,
) -> dict[str, Any]:
    """The context of ``base.html``.

    ``counts`` are the numbers in the rail, where the view knows them; else one query finds them.
    ``views`` are a lead's saved views, where the view knows them; else one query of a lead's.
    """
    if views is None:
        views = own_views(request.viewer)
    if counts is None:
        counts = rail_counts(request.viewer, upstream, own=True)
    return {
        "viewer": request.viewer,
        "section": section,
        "counts": counts,
        "views": views,
        "open_view": request.GET.get("view", ""),
        "freshness": freshness.present(),
        "connection_problem": problem_text(connection.shown())
        if request.viewer.administrator
        else "",
    }
