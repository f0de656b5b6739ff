from asgiref.sync import sync_to_async
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.models import FailureLimit, Mute, NotificationEvent, Reviewer
from inbox.notify import failures, off_links, plan, planning, push, senders
from inbox.notify.messages import NotSent
from inbox.people import push_browsers
from inbox.people.push_browsers import AllowForm
from inbox.web.notifications.mutes import mute
from inbox.web.notifications.settings import (
    ChoicesForm,
    FailureLimitForm,
    InPageForm,
    TimesForm,
    page_context,
    stopped,
    test_not_sent,
    test_sent,
)
from inbox.web.notifications.views import to_the_list
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest


@require_safe
def notification_settings(request: ReviewerRequest) -> HttpResponse:
    """``?reason=`` is the kind of event that a message was about."""
    return _page(request)


@require_POST
def save_choices(request: ReviewerRequest) -> HttpResponseBase:
    form = ChoicesForm(request.user.reviewer, request.upstream, request.POST)
    if not form.is_valid():
        return _page(request, choices_form=form, status=422)
    form.save()
    return _saved(request, _("Your notification settings were saved."))


@require_POST
def save_in_page(request: ReviewerRequest) -> HttpResponseBase:
    form = InPageForm(request.POST, instance=request.user.reviewer)
    form.save(commit=False).save(update_fields=list(form.fields))
    return _saved(request, _("Your notification settings were saved."))


@require_POST
def save_times(request: ReviewerRequest) -> HttpResponseBase:
    reviewer = request.user.reviewer
    form = TimesForm(request.POST, instance=plan.times_of(reviewer))
    if not form.is_valid():
        return _page(request, times_form=form, status=422)
    form.save(commit=False)
    planning.schedule_digest(reviewer, timezone.now(), form.instance)
    return _saved(request, _("Your notification settings were saved."))


@require_POST
def save_failure_limit(request: ReviewerRequest) -> HttpResponseBase:
    form = FailureLimitForm(request.POST, instance=_failure_limit(request.user.reviewer))
    if not form.is_valid():
        return _page(request, failure_form=form, status=422)
    form.save()
    return _saved(request, _("Your notification settings were saved."))


def _failure_limit(reviewer: Reviewer) -> FailureLimit:
    return failures.limits_of([reviewer])[reviewer.pk]


@require_POST
def save_mute(request: ReviewerRequest) -> HttpResponseBase:
    """A ``kind`` or a ``workflow``. Without ``for``, the mute ends. ``list`` comes from the bell,
    which is then shown.
    """
    reviewer = request.user.reviewer
    kind, workflow = request.POST.get("kind", ""), request.POST.get("workflow", "")
    length = request.POST.get("for", "")
    if not length:
        Mute.objects.filter(reviewer=reviewer, kind=kind, workflow=workflow).delete()
        messages.success(request, _("Unmuted."))
    elif mute(reviewer, kind, workflow, length, timezone.now()):
        messages.success(request, _("Muted. The bell still has it."))
    else:
        raise Http404(kind or workflow)
    return to_the_list(request) if "list" in request.POST else _back()


@require_POST
async def send_test(request: ReviewerRequest) -> HttpResponseBase:
    """By each channel that reaches the person. 404 if none does."""
    reviewer = request.user.reviewer
    reaching = await sync_to_async(senders.reaching)(reviewer)
    if not reaching:
        raise Http404("No channel reaches the person.")
    off = await sync_to_async(stopped)()
    for channel, sender in reaching.items():
        if channel in off:
            messages.error(request, off[channel])
            continue
        try:
            await sender.send_test(reviewer)
        except NotSent as failed:
            messages.error(request, test_not_sent(channel, failed.said))
        else:
            messages.success(request, test_sent(channel, reviewer.user.email))
    return _back()


@require_POST
def allow_push(request: ReviewerRequest) -> HttpResponseBase:
    """The browser has asked the person, and its script sends what it got."""
    form = AllowForm(request.POST)
    if not push.offered():
        raise Http404("Web push isn't offered.")
    if not form.is_valid():
        messages.error(request, _("This browser's push service can't be used."))
        return _back()
    push_browsers.allow(request, request.user.reviewer, form)
    messages.success(request, _("Push is on in this browser."))
    return _back()


@require_POST
def remove_push(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """404 for someone else's."""
    get_object_or_404(request.user.reviewer.push_browsers, pk=id).delete()
    messages.success(request, _("The browser was removed. It gets no more push messages."))
    return _back()


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """A mail program posts here without a session; only the link's signature counts."""
    try:
        link = off_links.read(token)
    except off_links.NotValid:
        raise Http404("No such link.") from None
    if request.method == "POST":
        link.use()
    is_digest = link.kind == off_links.DIGEST
    context = {
        "done": request.method == "POST",
        "reason": "" if is_digest else NotificationEvent.Kind(link.kind).label,
    }
    return render(request, "notifications/off.html", context)


def _page(
    request: ReviewerRequest,
    *,
    choices_form: ChoicesForm | None = None,
    times_form: TimesForm | None = None,
    failure_form: FailureLimitForm | None = None,
    status: int = 200,
) -> HttpResponse:
    reviewer, now = request.user.reviewer, timezone.now()
    reason = request.GET.get("reason", "")
    context = {
        **page_context(request, now),
        "form": choices_form or ChoicesForm(reviewer, request.upstream),
        "times_form": times_form or TimesForm(instance=plan.times_of(reviewer)),
        "failure_form": failure_form or FailureLimitForm(instance=_failure_limit(reviewer)),
        "reason": reason if reason in NotificationEvent.Kind.values else "",
    }
    template = "notifications/settings.html"
    return render_page(request, template, context, section="account", status=status)


def _saved(request: ReviewerRequest, text: str) -> HttpResponseBase:
    messages.success(request, text)
    if request.htmx:
        return render(request, "components/_toasts.html", {"oob": True})
    return _back()


def _back() -> HttpResponseBase:
    return HttpResponseRedirect(reverse("notification-settings"), status=303)
