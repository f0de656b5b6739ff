from collections.abc import Awaitable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRedirect

from inbox import access
from inbox.answering.outcome import Outcome
from inbox.live import hub
from inbox.live.page_activity import page_activity
from inbox.mirror import freshness, run_reads
from inbox.models import Run
from inbox.upstream import run_control as service
from inbox.web.runs import page as run_page
from inbox.web.runs.forms import CancelForm, SignalForm
from inbox.web.runs.monitor import awaited_signals, monitor
from inbox.web.runs.timeline import LogFilters
from inbox.web.ui.frame import frame, render_page
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import run_message
from inbox.web.ui.request import (
    ReviewerRequest,
    is_fragment,
    lead_required,
    origin_of,
    runs_required,
)
from inbox.web.ui.run_queries import RunFilters, run_filters_of, selects


@require_safe
@runs_required
def runs(request: ReviewerRequest) -> HttpResponse:
    cursor, upstream = hub.cursor(), request.upstream
    fragment = is_fragment(request, "run-list")
    shown = read_numbers(request.GET.get("shown", "")) if fragment else ()
    filters = run_filters_of(request.viewer, request.GET)
    context = monitor(request.viewer, upstream, filters, timezone.now(), shown=shown)
    if fragment:
        context |= {"freshness": freshness.current(), "fragment": True}
        return render(request, "runs/_monitor.html", context)
    context |= {"live_cursor": cursor, **frame(request, section="runs")}
    return render(request, "runs/monitor.html", context)


@require_safe
@runs_required
@lead_required
def filters(request: ReviewerRequest) -> HttpResponse:
    filters = RunFilters.read(request.GET)
    fields = selects(request.viewer, request.upstream, filters)
    context = {"filters": filters, "selects": fields, "kept": filters.beside(fields)}
    parts = {"run-filters": "runs/_filters.html"}
    return render_page(request, "runs/filters.html", context, section="runs", parts=parts)


@require_safe
def run(request: ReviewerRequest, id: str) -> HttpResponse:
    cursor, upstream = hub.cursor(), request.upstream
    found = run_page.find(request.viewer, upstream, id)
    if found is None:
        raise Http404("No such run.")
    if not run_reads.is_complete(upstream, found):
        # The page's stream brings it.
        page_activity.run_requested(found.mobius_id)
    filters = LogFilters.read(request.GET)
    page = run_page.RunPage(request.viewer, upstream, found, timezone.now(), filters)
    if is_fragment(request, f"older-{filters.cleaned_data['before']}"):
        return render(request, "runs/_older.html", page.log_context())
    context = {**page.context(), "live_cursor": cursor}
    if is_fragment(request, "run-body"):
        return render(request, "runs/_body.html", {**context, "fragment": True})
    return render(request, "runs/run.html", context | frame(request, section="runs"))


PERMISSION = {
    "cancel": access.CANCEL_RUN,
    "retry": access.RETRY_RUN,
    "signal": access.SIGNAL_RUN,
}


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
async def cancel(request: ReviewerRequest, id: str) -> HttpResponse:
    if request.method != "POST":
        return await sync_to_async(_render_form)(request, id, "cancel", CancelForm())
    form = CancelForm(request.POST)
    typed = form.cleaned_data["typed"] if form.is_valid() else ""
    done = service.cancel(
        reviewer=request.user.reviewer, run_id=id, typed=typed, origin=origin_of(request)
    )
    return await _finish(request, id, "cancel", form, done)


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
async def retry(request: ReviewerRequest, id: str) -> HttpResponse:
    if request.method != "POST":
        return await sync_to_async(_render_form)(request, id, "retry", Form())
    done = service.retry(reviewer=request.user.reviewer, run_id=id, origin=origin_of(request))
    return await _finish(request, id, "retry", Form(), done)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("payload")
@lead_required
async def signal(request: ReviewerRequest, id: str) -> HttpResponse:
    if request.method != "POST":
        return await sync_to_async(_render_form)(request, id, "signal", None)
    form = SignalForm(request.POST)
    if not form.is_valid():
        return await sync_to_async(_render_form)(request, id, "signal", form)
    cleaned = form.cleaned_data
    done = service.signal(
        reviewer=request.user.reviewer,
        run_id=id,
        name=cleaned["name"],
        payload=cleaned["payload"],
        origin=origin_of(request),
    )
    return await _finish(request, id, "signal", form, done)


async def _finish(
    request: ReviewerRequest, id: str, kind: str, form: Form, done: Awaitable[Outcome[Run]]
) -> HttpResponse:
    outcome = await done
    message = run_message(outcome)
    if outcome.done:
        return await sync_to_async(_back)(request, id, message)
    response = await sync_to_async(_render_form)(request, id, kind, form, message)
    message.add_retry_after(response)
    return response


def _back(request: ReviewerRequest, id: str, message: Message) -> HttpResponse:
    add = messages.success if message.tone == "ok" else messages.info
    add(request, str(message))
    page = reverse("run", args=[id])
    if request.htmx:
        return HttpResponseClientRedirect(page)
    return HttpResponseRedirect(page, status=303)


def _render_form(
    request: ReviewerRequest,
    id: str,
    kind: str,
    form: Form | None,
    message: Message | None = None,
) -> HttpResponse:
    found = run_page.find(request.viewer, request.upstream, id)
    if found is None or not access.has_permission(request.viewer, PERMISSION[kind]):
        raise Http404("No such run.")
    signals = awaited_signals(request.upstream, found)
    context = {
        "kind": kind,
        "run": found,
        "signals": signals,
        "retryable": service.is_retryable(request.upstream, found),
        "reached_limit": service.reached_limit(request.upstream, found),
        "action": reverse(f"run-{kind}", args=[id]),
        "form": form or SignalForm(initial={"name": signals[0] if len(signals) == 1 else ""}),
        "message": message,
    }
    parts = {"run-act": f"runs/_{kind}.html"}
    status = message.status if message else 422 if form and form.errors else 200
    return render_page(
        request, "runs/act.html", context, section="runs", parts=parts, status=status
    )
