from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from inbox.answering import question
from inbox.live import hub
from inbox.mirror import freshness as mirror_freshness
from inbox.notify import notices, push
from inbox.people import push_browsers
from inbox.web.inbox import export
from inbox.web.inbox.news import Since, news
from inbox.web.questions.changes import inbox_changes
from inbox.web.questions.filters import selects
from inbox.web.questions.panes import nothing_open, open_item
from inbox.web.questions.place import place_of
from inbox.web.questions.question_list import list_beside
from inbox.web.questions.question_page import item_page
from inbox.web.ui.frame import frame, open_counts, rail_counts, render_page
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.request import ReviewerRequest, is_fragment, source_of
from inbox.web.ui.scopes import DONE, Filters, has_everyone

MOST_CHANGED = 60
"""How many questions a page may request the changes of at a time."""


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("inbox"))


@require_safe
def inbox(request: ReviewerRequest) -> HttpResponse:
    cursor, filters = hub.cursor(), Filters.read(request.GET)
    if filters.everyone and not has_everyone(request.viewer, request.upstream):
        raise Http404("No such list.")
    if is_fragment(request, "detail"):
        return nothing_open(request, filters, cursor)
    open_id = open_item(request)
    page = list_beside(
        request,
        filters,
        current=open_id,
        shown=read_numbers(request.GET.get("shown", "")),
        moved_on="moved_on" in request.GET,
        answered_here=answered_here(request),
    )
    context = {"list": page, "live_cursor": cursor, "freshness": mirror_freshness.current()}
    if is_fragment(request, "inbox-list"):
        return _list_alone(request, page, context, open_id)
    section, counts = filters.shown.section, page["counts"]
    context |= frame(request, section=section, counts=counts, beside_list=True)
    context |= _open_question(request, page, open_id)
    return render(request, "inbox/inbox.html", context)


def _list_alone(
    request: ReviewerRequest, page: dict[str, Any], context: dict[str, Any], open_id: str
) -> HttpResponse:
    place = page["place"] or place_of(request.own, page["filters"], open_id)
    response = render(request, "inbox/_list.html", context | {"oob": True, "place": place})
    # Forms send their empty fields too, which don't belong in the address.
    match source_of(request)[1]:
        case "list-panel":
            return push_url(response, page["filters"].href())
        case "list-search":
            return replace_url(response, page["filters"].href())
    return response


def _open_question(request: ReviewerRequest, page: dict[str, Any], open_id: str) -> dict[str, Any]:
    item = question.find(request.viewer, request.upstream, open_id) if open_id else None
    if item is None:
        return {}
    unread = notices.is_unread(request.user.reviewer, request.upstream, item)
    return {
        "page": item_page(request, item, page["filters"], place=page["place"]),
        "unread": unread,
    }


@require_safe
def answers_csv(request: ReviewerRequest) -> HttpResponseBase:
    filters = Filters.read({**request.GET.dict(), "scope": DONE})
    zone = timezone.get_current_timezone()
    parts = export.as_csv(request.own, filters, zone)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    today = timezone.now().date().isoformat()
    response["Content-Disposition"] = f'attachment; filename="answers-{today}.csv"'
    return response


@require_safe
def filters(request: ReviewerRequest) -> HttpResponse:
    chosen = Filters.read(request.GET)
    fields = selects(request.viewer, request.upstream, chosen)
    context = {"filters": chosen, "selects": fields, "kept": chosen.beside(fields)}
    section, parts = chosen.shown.section, {"list-panel": "inbox/_filters.html"}
    return render_page(request, "inbox/filters.html", context, section=section, parts=parts)


@require_safe
def changes(request: ReviewerRequest) -> HttpResponse:
    """The rows of the questions in ``changed``, and unless ``rows_only`` is set the numbers."""
    shown = request.GET.getlist("shown")[:MOST_CHANGED]
    page = inbox_changes(
        request.own,
        Filters.read(request.GET),
        timezone.now(),
        changed=request.GET.getlist("changed")[:MOST_CHANGED],
        shown=shown,
        until=request.GET.get("until", ""),
        current=open_item(request),
        answered_here=answered_here(request),
        rows_only="rows_only" in request.GET,
    )
    context = {"list": page, "freshness": mirror_freshness.current()}
    return render(request, "inbox/_changes.html", context)


@require_safe
def counts(request: ReviewerRequest) -> HttpResponse:
    """With ``after``, also what has arrived since; only the new position if that can't be read."""
    viewer, upstream = request.viewer, request.upstream
    opened = open_counts(request.own)
    context: dict[str, Any] = {"counts": rail_counts(request.own, opened)}
    if "after" in request.GET:
        since, until = Since.read(request.GET["after"]), Since.now(timezone.now())
        context["until"] = until
        if since is not None and not _is_pushed(request):
            context["news"] = news(viewer, upstream, request.user.reviewer, since, until)
    return render(request, "inbox/_away.html", context)


def _is_pushed(request: ReviewerRequest) -> bool:
    """This browser gets push messages, so the page tells nothing itself."""
    return push.offered() and push_browsers.allowed_here(request, request.user.reviewer)


def answered_here(request: ReviewerRequest) -> list[str]:
    """Questions that the viewer has answered on the requesting page."""
    return request.GET.getlist("answered_here")[:MOST_CHANGED]


@require_safe
def freshness(request: ReviewerRequest) -> HttpResponse:
    context = {"freshness": mirror_freshness.current()}
    return render(request, "components/_freshness.html", context)
