"""The run monitor of a team lead, and its filters."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.mirror import freshness
from inbox.presenters.monitor import monitor
from inbox.presenters.run_filters import run_filters
from inbox.presenters.run_query import RunQuery
from inbox.presenters.shown import Shown
from inbox.views.decorators import lead_required
from inbox.views.frame import frame, is_fragment


def page(request: Any, cursor: str, *, status: int = 200, **more: Any) -> HttpResponse:
    """The monitor; for a swap its table alone. ``?shown=`` keeps the rows that stand there."""
    upstream = request.upstream
    fragment = is_fragment(request, "run-list")
    shown = Shown.read(request.GET.get("shown", "")) if fragment else Shown()
    query = RunQuery.read(request.GET)
    made = monitor(request.viewer, upstream, query, timezone.now(), shown=shown)
    context = {"list": made, "live_cursor": cursor, "fragment": fragment, **more}
    context["freshness"] = freshness.present()
    template = "runs/_monitor.html"
    if not fragment:
        context |= frame(request, upstream, section="runs", counts=made.rail, views=made.views)
        template = "runs/monitor.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_safe
@never_cache
@lead_required
async def filters(request: Any) -> HttpResponse:
    """What the monitor can be filtered by, as a form."""
    return await sync_to_async(_filters)(request)


def _filters(request: Any) -> HttpResponse:
    upstream = request.upstream
    made = run_filters(request.viewer, upstream, RunQuery.read(request.GET))
    context: dict[str, Any] = {"form": made}
    template = "runs/_filters.html"
    if not is_fragment(request, "run-filters"):
        context |= frame(request, upstream, section="runs")
        template = "runs/filters.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
