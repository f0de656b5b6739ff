"""Cancelling a run, and sending it a signal. A GET asks, a POST does it."""

from collections.abc import Awaitable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from inbox import access
from inbox.forms.runs import CancelForm, SignalForm
from inbox.models import Run
from inbox.presenters import run_page
from inbox.presenters.messages import Message
from inbox.presenters.messages.runs import run_message
from inbox.presenters.run_control import control
from inbox.services import run_control as service
from inbox.services.outcome import Outcome
from inbox.services.run_control import NotTheirs
from inbox.views.decorators import lead_required
from inbox.views.frame import frame
from inbox.views.origin import origin_of
from inbox.views.request import ReviewerRequest, is_fragment

PERMISSION = {"cancel": access.CANCEL_RUN, "signal": access.SIGNAL_RUN}


@require_http_methods(["GET", "HEAD", "POST"])
@lead_required
async def cancel(request: ReviewerRequest, id: str) -> HttpResponse:
    """End the run, once its workflow's name is typed."""
    if request.method != "POST":
        return await sync_to_async(_render_form)(request, id, "cancel", CancelForm())
    form = CancelForm(request.POST)
    typed = form.cleaned_data["typed"] if form.is_valid() else ""
    done = service.cancel(
        reviewer=request.user.reviewer, run_id=id, typed=typed, origin=origin_of(request)
    )
    return await _finish(request, id, "cancel", form, done)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("payload")
@lead_required
async def signal(request: ReviewerRequest, id: str) -> HttpResponse:
    """Send the run a signal by its name, with a JSON object or nothing."""
    if request.method != "POST":
        return await sync_to_async(_render_form)(request, id, "signal", None)
    form = SignalForm(request.POST)
    if not form.is_valid():
        return await sync_to_async(_render_form)(request, id, "signal", form, status=422)
    said = form.cleaned_data
    done = service.signal(
        reviewer=request.user.reviewer,
        run_id=id,
        name=said["name"],
        payload=said["payload"],
        origin=origin_of(request),
    )
    return await _finish(request, id, "signal", form, done)


async def _finish(
    request: ReviewerRequest, id: str, what: str, form: Form, done: Awaitable[Outcome[Run]]
) -> HttpResponse:
    """Back to the run with what is true now, or the form again with all that was typed."""
    try:
        outcome = await done
    except NotTheirs:
        raise Http404("No such run.") from None
    message = run_message(outcome)
    if outcome.done:
        return await sync_to_async(_back)(request, id, message)
    return await sync_to_async(_render_form)(
        request, id, what, form, message=message, status=message.status
    )


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
    what: str,
    form: Form | None,
    *,
    message: Message | None = None,
    status: int = 200,
) -> HttpResponse:
    upstream = request.upstream
    found = run_page.find(request.viewer, upstream, id)
    if found is None or not access.holds(request.viewer, PERMISSION[what]):
        raise Http404("No such run.")
    act = control(found, what)
    context = {"act": act, "form": form or SignalForm(initial=act.first), "message": message}
    template = f"runs/_{what}.html"
    if not is_fragment(request, "run-act"):
        context |= frame(request, upstream, section="runs")
        template = "runs/act.html"
    response = render(request, template, context, status=status)
    if message is not None:
        message.tell_when(response)
    return response
