"""The run monitor of a team lead, and its filters."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.mirror import freshness
from inbox.presenters.monitor import monitor
from inbox.presenters.rail import rail_counts
from inbox.presenters.run_filters import run_filters
from inbox.presenters.run_query import RunQuery
from inbox.presenters.shown import Shown
from inbox.views.decorators import lead_required
from inbox.views.frame import frame
from inbox.views.request import ReviewerRequest, is_fragment


def monitor_page(request: ReviewerRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    """The monitor; for a swap its table alone. ``?shown=`` keeps the rows that stand there."""
    cursor, upstream = hub.cursor(), request.upstream
    fragment = is_fragment(request, "run-list")
    shown = Shown.read(request.GET.get("shown", "")) if fragment else Shown()
    query = RunQuery.read(request.GET)
    made = monitor(request.viewer, upstream, query, timezone.now(), shown=shown)
    context = {"list": made, "live_cursor": cursor, "fragment": fragment, **more}
    context["freshness"] = freshness.present()
    template = "runs/_monitor.html"
    if not fragment:
        counts = {**made.rail, **rail_counts(request.viewer, upstream)}
        context |= frame(request, upstream, section="runs", counts=counts, views=made.views)
        template = "runs/monitor.html"
    return render(request, template, context, status=status)


@require_safe
@lead_required
def filters(request: ReviewerRequest) -> HttpResponse:
    """What the monitor can be filtered by, as a form."""
    upstream = request.upstream
    made = run_filters(request.viewer, upstream, RunQuery.read(request.GET))
    context: dict[str, Any] = {"form": made}
    template = "runs/_filters.html"
    if not is_fragment(request, "run-filters"):
        context |= frame(request, upstream, section="runs")
        template = "runs/filters.html"
    return render(request, template, context)
