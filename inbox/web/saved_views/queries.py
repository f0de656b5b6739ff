"""The numbers beside the saved views."""

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils import timezone

from inbox import access
from inbox.access import Viewer
from inbox.access.search import Name, names_in
from inbox.models import SavedView, Upstream
from inbox.services import snooze
from inbox.web.inbox.queries import list_rows
from inbox.web.runs.queries import filtered, run_filters_of
from inbox.web.ui.frame import numbers_of
from inbox.web.ui.saved_views import SHOWN
from inbox.web.ui.scopes import Filters, counted_words

COUNTED = 99
"""Counts stop here; a higher number has a plus sign."""
VIEW = " view"
SNOOZED = " snoozed"
"""Mark views and snoozes among names, whose last part never begins with a space."""


def view_counts(viewer: Viewer, upstream: Upstream) -> dict[int, str]:
    """How many rows each of the viewer's views shows them, by the number of the view.

    Two queries: the views and all that is read to count them, and the numbers.
    """
    views, names, snoozed = _views(viewer, upstream)
    counted = {
        number: _rows(viewer, upstream, page, query, names=names, snoozed=snoozed)[: COUNTED + 1]
        for number, page, query in views
    }
    numbers = numbers_of(upstream, counted)
    return {number: counted_words(count, most=COUNTED) for number, count in numbers.items()}


def _views(
    viewer: Viewer, upstream: Upstream
) -> tuple[list[tuple[int, str, str]], list[Name], list[int]]:
    """Number, page and query of the views; the names by which searches find people; and the
    interactions that are still snoozed. One query.
    """
    shown = access.saved_views(viewer, upstream).order_by()
    snoozes = snooze.snoozes_of(viewer).waiting(timezone.now()).order_by()
    rows = shown.values_list(Cast("pk", TextField()), "page", "query", Value(VIEW)).union(
        names_in(upstream),
        snoozes.values_list(
            Cast("interaction_id", TextField()), Value(""), Value(""), Value(SNOOZED)
        ),
        all=True,
    )
    views: list[tuple[int, str, str]] = []
    names: list[Name] = []
    snoozed: list[int] = []
    for first, second, third, kind in rows:
        if kind == VIEW:
            views.append((int(first), second, third))
        elif kind == SNOOZED:
            snoozed.append(int(first))
        else:
            names.append((first, second, third, kind))
    return sorted(views)[:SHOWN], names, snoozed


def _rows(
    viewer: Viewer,
    upstream: Upstream,
    page: str,
    query: str,
    *,
    names: list[Name],
    snoozed: Collection[int],
) -> QuerySet[Any, Any]:
    """What a view shows, as its page reads it."""
    if page == SavedView.Page.RUNS:
        filters = run_filters_of(viewer, QueryDict(query))
        return filtered(viewer, upstream, filters, timezone.now())
    chosen = Filters.read(QueryDict(query))
    return list_rows(viewer, upstream, chosen, names=names, snoozed=snoozed)
