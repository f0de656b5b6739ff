"""What a team lead learns from what has been."""

import csv
import io
from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.presenters.insights import page
from inbox.presenters.insights.chart import Chart
from inbox.presenters.insights.query import Query
from inbox.views.decorators import lead_required
from inbox.views.frame import frame


@require_safe
@never_cache
@lead_required
async def insights(request: Any) -> HttpResponse:
    """The charts of the days and of the part that the query string names."""
    return await sync_to_async(_page)(request)


def _page(request: Any) -> HttpResponse:
    upstream = request.upstream
    shown = page.insights(upstream, request.GET, timezone.now())
    context = {"page": shown} | frame(request, upstream, section="insights")
    return render(request, "insights/insights.html", context)


@require_safe
@never_cache
@lead_required
async def figures(request: Any, key: str) -> HttpResponse:
    """One chart's figures as CSV: seconds, fractions and days as machines write them."""
    found = await sync_to_async(_chart)(request, key)
    if found is None:
        raise Http404("No such chart.")
    chart, query = found
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(chart.csv_columns)
    lines.writerows(
        [row.name, *(cell.value for cell in row.cells), *row.extra] for row in chart.rows
    )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{chart.key}-{query.first}-{query.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _chart(request: Any, key: str) -> tuple[Chart, Query] | None:
    return page.one_chart(request.upstream, request.GET, timezone.now(), key)
