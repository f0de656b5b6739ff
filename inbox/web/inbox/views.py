"""The viewer's open questions, those that are done, and focus mode."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.http import push_url, replace_url

from inbox.live import hub
from inbox.mirror import freshness as mirror_freshness
from inbox.models import Interaction
from inbox.services import notices, question
from inbox.web.inbox import export
from inbox.web.inbox.changes import inbox_changes
from inbox.web.inbox.filters import selects
from inbox.web.inbox.focus import entry_href, focus_end, focus_place
from inbox.web.inbox.news import Since, news
from inbox.web.inbox.page import InboxList, inbox_list, list_beside
from inbox.web.inbox.place import place_of
from inbox.web.interactions.page import item_page
from inbox.web.interactions.views import render_in_focus, render_item
from inbox.web.ui.batches import shown_batches
from inbox.web.ui.frame import frame, held_after, open_counts, rail_counts, render_page
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.messages import Message
from inbox.web.ui.request import ReviewerRequest, asking_page, is_fragment, source_of
from inbox.web.ui.scopes import DONE, Filters, FocusFilters

MOST_CHANGED = 60
"""How many questions a page may request the changes of at a time."""


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("inbox"))


@require_safe
def inbox(request: ReviewerRequest) -> HttpResponse:
    """The list, with a question beside it for ``?item=``; htmx gets the list or the empty pane
    alone.
    """
    cursor, filters = hub.cursor(), Filters.read(request.GET)
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
    section, counts = filters.shown.section, page.counts
    context |= frame(request, section=section, counts=counts, held=page.held, beside_list=True)
    context |= _open_question(request, page, open_id)
    return render(request, "inbox/inbox.html", context)


def _list_alone(
    request: ReviewerRequest, page: InboxList, context: dict[str, Any], open_id: str
) -> HttpResponse:
    place = page.place or place_of(request.viewer, request.upstream, page.filters, open_id)
    response = render(request, "inbox/_list.html", context | {"oob": True, "place": place})
    # Forms send their empty fields too, which don't belong in the address.
    match source_of(request)[1]:
        case "list-panel":
            return push_url(response, page.here)
        case "list-search":
            return replace_url(response, page.here)
    return response


def _open_question(request: ReviewerRequest, page: InboxList, open_id: str) -> dict[str, Any]:
    """The context of the question beside the list; empty without one."""
    item = question.find(request.viewer, request.upstream, open_id) if open_id else None
    if item is None:
        return {}
    unread = notices.is_unread(request.user.reviewer, request.upstream, item)
    return {"page": item_page(request, item, page.filters, place=page.place), "unread": unread}


@require_safe
def answers_csv(request: ReviewerRequest) -> HttpResponseBase:
    """What *Done* lists with these filters, as CSV."""
    filters = Filters.read({**request.GET.dict(), "scope": DONE})
    zone = timezone.get_current_timezone()
    parts = export.as_csv(request.viewer, request.upstream, filters, zone)
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    today = timezone.now().date().isoformat()
    response["Content-Disposition"] = f'attachment; filename="answers-{today}.csv"'
    return response


@require_safe
def filters(request: ReviewerRequest) -> HttpResponse:
    """The filters of the list, as a form."""
    chosen = Filters.read(request.GET)
    fields = selects(request.viewer, request.upstream, chosen)
    context = {"filters": chosen, "selects": fields, "kept": chosen.beside(fields)}
    section, parts = chosen.shown.section, {"list-panel": "inbox/_filters.html"}
    return render_page(request, "inbox/filters.html", context, section=section, parts=parts)


def nothing_open(request: ReviewerRequest, filters: Filters, cursor: str) -> HttpResponse:
    """The empty pane beside the list."""
    batches = shown_batches(request.viewer, request.upstream)
    page = inbox_list(request.viewer, request.upstream, filters, timezone.now(), batches=batches)
    context = {"list": page, "live_cursor": cursor, "oob": True}
    context |= held_after(request)
    return render(request, "inbox/_nothing_open.html", context)


@require_safe
def focus(request: ReviewerRequest) -> HttpResponse:
    """Show one question at a time, in ``order``. Without that, freeze it, and open ``item`` or else
    its first question.

    ``item`` is the question to show; without it, the end page is shown. htmx gets the question, the
    end or the bar alone.
    """
    cursor = hub.cursor()
    filters, id_ = FocusFilters.read(request.GET), request.GET.get("item", "")
    if not filters.cleaned_data["order"]:
        path = entry_href(request.viewer, request.upstream, filters, id_)
        if path:
            return HttpResponseRedirect(path)
    if not id_:
        return at_the_end(request, filters, cursor)
    item = question.find(request.viewer, request.upstream, id_)
    if item is not None and not is_fragment(request, "focus-place"):
        return render_item(request, item, cursor, filters=filters)
    return _place_in_focus(request, filters, id_, item)


def _place_in_focus(
    request: ReviewerRequest, filters: FocusFilters, id_: str, item: Interaction | None
) -> HttpResponse:
    """The bar alone, or a page that says that the question isn't there."""
    context: dict[str, Any] = {
        "focus": focus_place(request.viewer, request.upstream, filters, id_),
        "open": item is not None and item.pending,
    }
    if is_fragment(request, "focus-place"):
        return render(request, "inbox/_focus_place.html", context)
    return _render_focus(request, "interactions/_missing.html", context, status=404)


def at_the_end(request: ReviewerRequest, filters: FocusFilters, cursor: str) -> HttpResponse:
    """The end of focus mode: what is left, or inbox zero."""
    end = focus_end(request.viewer, request.upstream, filters)
    # Not on a background refresh: perhaps no one is looking.
    toasts = source_of(request) != ("div", "detail")
    context = {"end": end, "live_cursor": cursor, "toasts": toasts}
    return _render_focus(request, "inbox/_focus_end.html", context)


def _render_focus(
    request: ReviewerRequest, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the part alone for htmx, otherwise within its page."""
    if is_fragment(request, "detail"):
        return render(request, part, context | {"oob": True, **held_after(request)}, status=status)
    return render_in_focus(request, part, context, status)


@require_safe
def changes(request: ReviewerRequest) -> HttpResponse:
    """What a page of the list needs to update the questions in ``changed``: their rows, and unless
    ``rows_only`` is set the numbers.
    """
    shown = request.GET.getlist("shown")[:MOST_CHANGED]
    page = inbox_changes(
        request.viewer,
        request.upstream,
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
    """The numbers in the frame: pages without a list fetch them when something changes, a hidden
    page once a minute.

    With ``after``, also what has arrived since that position, and the new position; only the
    position if ``after`` is empty or unreadable.
    """
    viewer, upstream = request.viewer, request.upstream
    opened = open_counts(viewer, upstream)
    context: dict[str, Any] = {"counts": rail_counts(viewer, upstream, opened)}
    if "after" in request.GET:
        since, until = Since.read(request.GET["after"]), Since.now(timezone.now())
        context["until"] = until
        if since is not None:
            context["news"] = news(viewer, upstream, request.user.reviewer, since, until)
    return render(request, "inbox/_away.html", context)


def render_list(
    request: ReviewerRequest,
    filters: Filters,
    *,
    message: Message,
    resend: str = "",
    status: int | None = None,
) -> HttpResponse:
    """The list after one of its buttons was pressed, with a message if that failed.

    ``resend`` is the path that *Send again* posts to, if it is offered. ``status`` defaults to that
    of the message.
    """
    shown = read_numbers(request.POST.get("shown", ""))
    page = list_beside(request, filters, current=open_item(request), shown=shown)
    context = {
        "list": page,
        "freshness": mirror_freshness.current(),
        "message": None if message.outcome.done else message,
        "resend": resend,
        "pressed": True,
        "oob": True,
    }
    status = message.status if status is None else status
    return render(request, "inbox/_list.html", context, status=status)


def answered_here(request: ReviewerRequest) -> list[str]:
    """The questions of the list that the viewer has answered on the requesting page."""
    return request.GET.getlist("answered_here")[:MOST_CHANGED]


def open_item(request: ReviewerRequest) -> str:
    """The ID of the question beside the list, from this address or that of the requesting page."""
    open_id = request.GET.get("item")
    if open_id or not request.htmx:
        return str(open_id or "")
    match = asking_page(request)
    if match is None:
        return ""
    if match.url_name == "interaction":
        return str(match.kwargs["id"])
    query = urlsplit(request.htmx.current_url or "").query
    return QueryDict(query).get("item") or ""


@require_safe
def freshness(request: ReviewerRequest) -> HttpResponse:
    """The part of the frame that says how current the pages are."""
    context = {"freshness": mirror_freshness.current()}
    return render(request, "components/_freshness.html", context)
