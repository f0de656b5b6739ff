from django.contrib import messages
from django.http import (
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox.lib.instants import read_instant
from inbox.live import hub
from inbox.notify import notices as service
from inbox.web.notifications.page import NoticeFilters, notices_context
from inbox.web.ui.frame import rail_counts, render_page
from inbox.web.ui.held import returned_lines
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.request import ReviewerRequest, is_fragment
from inbox.web.ui.scopes import Filters


@require_safe
def notifications(request: ReviewerRequest) -> HttpResponse:
    cursor = hub.cursor()
    filters = NoticeFilters.read(request.GET)
    context = notices_context(request.viewer, request.upstream, filters, timezone.now())
    if filters.cleaned_data["before"] and not context["rows"]:
        return redirect(filters.href(before=""))
    context |= {"live_cursor": cursor, "here": request.get_full_path()}
    template = "notifications/notifications.html"
    parts = {"notice-list": "notifications/_list.html"}
    return render_page(request, template, context, section="notifications", parts=parts)


@require_safe
def counts(request: ReviewerRequest) -> HttpResponse:
    context = {"counts": rail_counts(request.own, None), "fragment": True}
    return render(request, "notifications/_counts.html", context)


@require_POST
def read(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """404 for someone else's."""
    reviewer = request.user.reviewer
    notice = get_object_or_404(service.notices_of(reviewer, request.upstream), pk=id)
    service.read_row(reviewer=reviewer, notice=notice, now=timezone.now())
    messages.success(request, _("Marked as read."))
    return to_the_list(request)


@require_POST
def read_question(request: ReviewerRequest, id: str) -> HttpResponse:
    service.read_item(
        reviewer=request.user.reviewer,
        upstream=request.upstream,
        interaction_id=id,
        now=timezone.now(),
    )
    return HttpResponse(status=204)


@require_POST
def read_all(request: ReviewerRequest) -> HttpResponseBase:
    """Newer ones than ``until`` stay unread."""
    now = timezone.now()
    until = read_instant(request.POST.get("until", "")) or now
    service.read_all(reviewer=request.user.reviewer, until=until, now=now)
    messages.success(request, _("All marked as read."))
    return to_the_list(request)


def to_the_list(request: ReviewerRequest) -> HttpResponseBase:
    filters = NoticeFilters.read(QueryDict(request.POST.get("list", "")))
    return HttpResponseRedirect(filters.href(), status=303)


@require_POST
def dismiss_returned(request: ReviewerRequest) -> HttpResponseBase:
    """Only the ``answers`` that the page had, none that came later."""
    chosen = read_numbers(request.POST.get("answers", ""))
    service.read_some(reviewer=request.user.reviewer, numbers=chosen, now=timezone.now())
    if is_fragment(request, "returned-answers"):
        left = returned_lines(request.viewer, request.upstream)
        return render(request, "inbox/_returned.html", {"returned": left})
    filters = Filters.read(QueryDict(request.POST.get("list", "")))
    return HttpResponseRedirect(filters.href(), status=303)
