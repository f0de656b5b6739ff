"""The viewer's notifications: the page, the number of unread ones, marking as read."""

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

from inbox.instants import read_instant
from inbox.live import hub
from inbox.services import notices as service
from inbox.web.notifications.page import NoticeFilters, notice_list
from inbox.web.ui.frame import rail_counts, render_page
from inbox.web.ui.held import returned_lines
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.request import ReviewerRequest, is_fragment
from inbox.web.ui.scopes import Filters


@require_safe
def notifications(request: ReviewerRequest) -> HttpResponse:
    """The notifications, newest first; htmx gets only the list. ``?show=unread``: new ones."""
    cursor = hub.cursor()
    filters = NoticeFilters.read(request.GET)
    listed = notice_list(request.viewer, request.upstream, filters, timezone.now())
    if filters.cleaned_data["before"] and not listed.rows:
        return redirect(filters.href(before=""))
    context = {"list": listed, "live_cursor": cursor, "here": request.get_full_path()}
    template = "notifications/notifications.html"
    parts = {"notice-list": "notifications/_list.html"}
    return render_page(request, template, context, section="notifications", parts=parts)


@require_safe
def counts(request: ReviewerRequest) -> HttpResponse:
    """The number of unread notifications, and for a lead the number of blocked questions."""
    context = {"counts": rail_counts(request.viewer, request.upstream, None), "fragment": True}
    return render(request, "notifications/_counts.html", context)


@require_POST
def read(request: ReviewerRequest, id: int) -> HttpResponseBase:
    """Mark a notification as read. 404 for someone else's."""
    reviewer = request.user.reviewer
    get_object_or_404(service.notices_of(reviewer, request.upstream), pk=id)
    service.read_one(reviewer=reviewer, number=id, now=timezone.now())
    messages.success(request, _("Marked as read."))
    return _to_the_list(request)


@require_POST
def read_question(request: ReviewerRequest, id: str) -> HttpResponse:
    """Mark a question's notifications as read, when its page is opened."""
    service.read_item(
        reviewer=request.user.reviewer,
        upstream=request.upstream,
        interaction_id=id,
        now=timezone.now(),
    )
    return HttpResponse(status=204)


@require_POST
def read_all(request: ReviewerRequest) -> HttpResponseBase:
    """Mark the notifications shown on the page as read; those newer than ``until`` stay unread."""
    now = timezone.now()
    until = read_instant(request.POST.get("until", "")) or now
    service.read_all(reviewer=request.user.reviewer, until=until, now=now)
    messages.success(request, _("All marked as read."))
    return _to_the_list(request)


def _to_the_list(request: ReviewerRequest) -> HttpResponseBase:
    """The page of the list that the form was on."""
    filters = NoticeFilters.read(QueryDict(request.POST.get("list", "")))
    return HttpResponseRedirect(filters.href(), status=303)


@require_POST
def dismiss_returned(request: ReviewerRequest) -> HttpResponseBase:
    """Mark the notifications about the returned ``answers`` that the page had as read, but none
    that came later. Then show the list; htmx gets only what is left above it.
    """
    chosen = read_numbers(request.POST.get("answers", ""))
    service.read_some(reviewer=request.user.reviewer, numbers=chosen, now=timezone.now())
    if is_fragment(request, "returned-answers"):
        left = returned_lines(request.viewer, request.upstream)
        return render(request, "inbox/_returned.html", {"returned": left})
    filters = Filters.read(QueryDict(request.POST.get("list", "")))
    return HttpResponseRedirect(filters.href(), status=303)
