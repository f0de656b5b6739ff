from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from inbox.models import SavedView
from inbox.web.questions.queries import list_rows
from inbox.web.ui.frame import numbers_of
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.run_queries import filtered, run_filters_of
from inbox.web.ui.scopes import Filters, counted_words

COUNTED = 99
"""Counts stop here; a higher number has a plus sign."""


def view_counts(own: OwnData) -> dict[int, str]:
    """By the number of the view."""
    counted = {view.pk: _rows(own, view)[: COUNTED + 1] for view in own.views}
    numbers = numbers_of(own.upstream, counted)
    return {number: counted_words(count, most=COUNTED) for number, count in numbers.items()}


def _rows(own: OwnData, view: SavedView) -> QuerySet[Any, Any]:
    query = QueryDict(view.query)
    if view.page == SavedView.Page.RUNS:
        return filtered(own.viewer, own.upstream, run_filters_of(own.viewer, query), timezone.now())
    return list_rows(own, Filters.read(query), few=0)
