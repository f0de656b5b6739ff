import csv
import io

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.web.insights import page
from inbox.web.ui.frame import render_page
from inbox.web.ui.localization import in_installation_zone
from inbox.web.ui.request import ReviewerRequest, lead_required


@require_safe
@lead_required
@in_installation_zone
def insights(request: ReviewerRequest) -> HttpResponse:
    context = page.insights(request.upstream, request.GET, timezone.now())
    return render_page(request, "insights/insights.html", context, section="insights")


@require_safe
@lead_required
@in_installation_zone
def figures(request: ReviewerRequest, key: str) -> HttpResponse:
    """CSV, with durations in seconds and shares as fractions."""
    found = page.one_chart(request.upstream, request.GET, timezone.now(), key)
    if found is None:
        raise Http404("No such chart.")
    chart, filters = found
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(chart.csv_columns)
    lines.writerows(
        [row.name, *(cell.value for cell in row.cells), *row.extra] for row in chart.rows
    )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{chart.key}-{filters.first}-{filters.last}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
