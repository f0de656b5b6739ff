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
"""Marks a view among the names of people, who have their username there: none has a space."""


def view_counts(viewer: Viewer, upstream: Upstream) -> dict[int, str]:
    """How many rows each of the viewer's views shows them, by the number of the view.

    Three queries: the views, with the names by which searches find people; what is snoozed,
    in two if anything ever was; and all numbers.
    """
    views, names = _views_and_names(viewer, upstream)
    snoozed = snooze.not_back(snooze.returns_of(viewer), timezone.now()) if views else []
    counted = {
        number: _rows(viewer, upstream, page, query, names=names, snoozed=snoozed)[: COUNTED + 1]
        for number, page, query in views
    }
    numbers = numbers_of(upstream, counted)
    return {number: counted_words(count, most=COUNTED) for number, count in numbers.items()}


def _views_and_names(
    viewer: Viewer, upstream: Upstream
) -> tuple[list[tuple[int, str, str]], list[Name]]:
    views = access.saved_views(viewer, upstream).order_by()
    rows = views.values_list(Cast("pk", TextField()), "page", "query", Value(VIEW)).union(
        names_in(upstream), all=True
    )
    found: list[tuple[int, str, str]] = []
    names: list[Name] = []
    for first, second, third, fourth in rows:
        if fourth == VIEW:
            found.append((int(first), second, third))
        else:
            names.append((first, second, third, fourth))
    return sorted(found)[:SHOWN], names


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
