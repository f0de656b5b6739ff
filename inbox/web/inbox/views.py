"""The list of the viewer's open questions, and of those that are done."""

from urllib.parse import unquote, urlsplit

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.mirror import freshness as mirror_freshness
from inbox.services import notices, question
from inbox.web.inbox.page import inbox_changes, inbox_list
from inbox.web.inbox.place import place_of
from inbox.web.interactions import page as item_page
from inbox.web.ui.frame import frame
from inbox.web.ui.lists import Shown
from inbox.web.ui.messages import Message
from inbox.web.ui.request import ReviewerRequest, is_fragment, typed_in
from inbox.web.ui.scopes import Filters

MOST_CHANGED = 60
"""How many questions a page may ask about at a time."""


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponseRedirect:
    """Redirect to the inbox."""
    return HttpResponseRedirect(reverse("inbox"))


@require_safe
def inbox(request: ReviewerRequest) -> HttpResponse:
    """The list; with ``?item=`` that item beside it; htmx gets the list or the empty pane."""
    cursor = hub.cursor()
    upstream, now, filters = request.upstream, timezone.now(), Filters.read(request.GET)
    if is_fragment(request, "detail"):
        return nothing_open(request, filters, cursor)
    open_id = open_item(request)
    shown = Shown.read(request.GET.get("shown", ""))
    page = inbox_list(request.viewer, upstream, filters, now, current=open_id, shown=shown)
    context = {"list": page, "live_cursor": cursor, "freshness": mirror_freshness.present()}
    if is_fragment(request, "inbox-list"):
        place = page.place or place_of(request.viewer, upstream, filters, open_id)
        context |= {"oob": True, "place": place}
        return render(request, "inbox/_list.html", context)
    context |= frame(request, upstream, section=filters.shown.section, counts=page.counts)
    item = question.find(request.viewer, upstream, open_id) if open_id else None
    if item is not None:
        context["unread"] = notices.is_unread(request.user.reviewer, upstream, item)
        context["page"] = item_page.item_page(
            request.viewer,
            upstream,
            item,
            filters,
            now,
            typed_in=typed_in(request),
            place=page.place,
        )
    return render(request, "inbox/inbox.html", context)


def nothing_open(request: ReviewerRequest, filters: Filters, cursor: str) -> HttpResponse:
    """The empty pane beside the list."""
    page = inbox_list(request.viewer, request.upstream, filters, timezone.now())
    context = {"list": page, "live_cursor": cursor, "oob": True}
    return render(request, "inbox/_nothing_open.html", context)


@require_safe
def changes(request: ReviewerRequest) -> HttpResponse:
    """The changes of the questions ``changed``, for a page of the list."""
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
    )
    context = {"list": page, "freshness": mirror_freshness.present()}
    return render(request, "inbox/_changes.html", context)


def render_list(
    request: ReviewerRequest,
    filters: Filters,
    *,
    message: Message,
    resend: str = "",
    status: int | None = None,
) -> HttpResponse:
    """The list after a button in it was pressed, with a message if that failed.

    ``resend`` names the path that *Send again* posts to, where that is offered. ``status`` is the
    message's where none is given.
    """
    page = inbox_list(
        request.viewer,
        request.upstream,
        filters,
        timezone.now(),
        current=open_item(request),
        shown=Shown.read(request.POST.get("shown", "")),
    )
    context = {
        "list": page,
        "freshness": mirror_freshness.present(),
        "message": None if message.outcome.done else message,
        "resend": resend,
        "pressed": True,
        "oob": True,
    }
    status = message.status if status is None else status
    return render(request, "inbox/_list.html", context, status=status)


def open_item(request: ReviewerRequest) -> str:
    """The id of the item beside the list: in the address, or in that of the page that asks."""
    open_id = request.GET.get("item")
    if open_id or not request.htmx:
        return str(open_id or "")
    page = urlsplit(request.htmx.current_url or "")
    try:
        match = resolve(unquote(page.path))
    except Resolver404:
        return ""
    if match.url_name == "interaction":
        return str(match.kwargs["id"])
    return QueryDict(page.query).get("item") or ""


@require_safe
def freshness(request: ReviewerRequest) -> HttpResponse:
    """The fragment in the frame that says how current the pages are."""
    context = {"freshness": mirror_freshness.present()}
    return render(request, "components/_freshness.html", context)
