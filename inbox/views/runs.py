"""The table of runs, and one run."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.live.watching import watching
from inbox.mirror import freshness, reading
from inbox.models import Run, Upstream
from inbox.presenters import run_page
from inbox.presenters.run_list import RunFilters, run_list
from inbox.presenters.run_log import LogQuery
from inbox.presenters.scrubber import Place, scrubber
from inbox.views import monitor
from inbox.views.frame import frame, is_fragment


@require_safe
@never_cache
async def runs(request: Any) -> HttpResponse:
    """A lead's monitor; for others the runs that asked them. For a swap the table alone."""
    if request.viewer.lead:
        return await sync_to_async(monitor.page)(request, hub.cursor())
    return await sync_to_async(_runs)(request, hub.cursor())


def _runs(request: Any, cursor: str) -> HttpResponse:
    upstream = request.upstream
    page = run_list(request.viewer, upstream, RunFilters.read(request.GET), timezone.now())
    context = {"list": page, "live_cursor": cursor, "freshness": freshness.present()}
    template = "runs/_list.html"
    if not is_fragment(request, "run-list"):
        context |= frame(request, upstream, section="runs")
        template = "runs/runs.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_safe
@never_cache
async def run(request: Any, id: str) -> HttpResponse:
    """One run; for a swap what has happened in it and what it waits for."""
    cursor = hub.cursor()
    found = await sync_to_async(_find)(request, id)
    if found is None:
        raise Http404("No such run.")
    if not reading.is_whole(request.upstream, found):
        # The page's stream brings it.
        watching.run_asked_for(found.mobius_id)
    return await sync_to_async(_run)(request, found, cursor)


def _find(request: Any, id: str) -> Run | None:
    return run_page.find(request.viewer, request.upstream, id)


def _run(request: Any, found: Run, cursor: str) -> HttpResponse:
    upstream, now = request.upstream, timezone.now()
    if request.viewer.lead and is_fragment(request, "run-moment"):
        return _moment(request, upstream, found)
    query = LogQuery.read(request.GET)
    page = run_page.run_page(request.viewer, upstream, found, now, query=query)
    context: dict[str, Any] = {"page": page, "live": page.live, "live_cursor": cursor}
    template = "runs/_happening.html"
    if is_fragment(request, f"older-{query.before}"):
        template = "runs/_older.html"
    elif is_fragment(request, "run-happening"):
        context["fragment"] = True
    else:
        if request.viewer.lead:
            place = Place.read(request.GET)
            context["scrub"] = scrubber(request.viewer, upstream, found, now, place)
        context |= frame(request, upstream, section="runs")
        template = "runs/run.html"
    return _varied(render(request, template, context))


def _moment(request: Any, upstream: Upstream, found: Run) -> HttpResponse:
    """The run as it was, for the scrubber of an open page."""
    place = Place.read(request.GET)
    scrub = scrubber(request.viewer, upstream, found, timezone.now(), place)
    return _varied(render(request, "runs/_moment.html", {"scrub": scrub}))


def _varied(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
