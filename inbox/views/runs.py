"""The table of runs, and one run."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.live.watching import watching
from inbox.mirror import freshness, reading
from inbox.models import Run, Upstream
from inbox.presenters import run_page
from inbox.presenters.run_list import RunFilters, run_list
from inbox.presenters.run_log import LogQuery
from inbox.presenters.scrubber import Place, scrubber
from inbox.views.frame import frame
from inbox.views.monitor import monitor_page
from inbox.views.request import ReviewerRequest, is_fragment


@require_safe
def runs(request: ReviewerRequest) -> HttpResponse:
    """A lead's monitor; for others the runs that asked them. For a swap the table alone."""
    if request.viewer.lead:
        return monitor_page(request)
    cursor, upstream = hub.cursor(), request.upstream
    page = run_list(request.viewer, upstream, RunFilters.read(request.GET), timezone.now())
    context = {"list": page, "live_cursor": cursor, "freshness": freshness.present()}
    template = "runs/_list.html"
    if not is_fragment(request, "run-list"):
        context |= frame(request, upstream, section="runs")
        template = "runs/runs.html"
    return render(request, template, context)


@require_safe
def run(request: ReviewerRequest, id: str) -> HttpResponse:
    """One run; for a swap what has happened in it and what it waits for."""
    cursor = hub.cursor()
    found = run_page.find(request.viewer, request.upstream, id)
    if found is None:
        raise Http404("No such run.")
    if not reading.is_whole(request.upstream, found):
        # The page's stream brings it.
        watching.run_asked_for(found.mobius_id)
    return _run(request, found, cursor)


def _run(request: ReviewerRequest, found: Run, cursor: str) -> HttpResponse:
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
            every = None if query.show else page.log.total
            context["scrub"] = scrubber(request.viewer, upstream, found, now, place, count=every)
        context |= frame(request, upstream, section="runs")
        template = "runs/run.html"
    return render(request, template, context)


def _moment(request: ReviewerRequest, upstream: Upstream, found: Run) -> HttpResponse:
    """The run as it was, for the scrubber of an open page."""
    place = Place.read(request.GET)
    scrub = scrubber(request.viewer, upstream, found, timezone.now(), place)
    return render(request, "runs/_moment.html", {"scrub": scrub})
