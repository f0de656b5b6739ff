from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from inbox.mirror import freshness as mirror_freshness
from inbox.web.questions.focus import focus_end
from inbox.web.questions.question_list import list_beside
from inbox.web.ui.frame import frame, held_after
from inbox.web.ui.held import returned_lines
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.messages import Message
from inbox.web.ui.request import ReviewerRequest, asking_page, is_fragment, source_of
from inbox.web.ui.scopes import Filters, FocusFilters


def nothing_open(request: ReviewerRequest, filters: Filters, cursor: str) -> HttpResponse:
    context = {"filters": filters, "live_cursor": cursor, "oob": True}
    context |= held_after(request)
    return render(request, "inbox/_nothing_open.html", context)


def at_the_end(request: ReviewerRequest, filters: FocusFilters, cursor: str) -> HttpResponse:
    end = focus_end(request.own, filters)
    # Not on a background refresh: perhaps no one is looking.
    toasts = source_of(request) != ("div", "detail")
    context = {"end": end, "live_cursor": cursor, "toasts": toasts}
    return render_focus(request, "inbox/_focus_end.html", context)


def render_focus(
    request: ReviewerRequest, part: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    if is_fragment(request, "detail"):
        return render(request, part, context | {"oob": True, **held_after(request)}, status=status)
    return render_in_focus(request, part, context, status)


def render_list(
    request: ReviewerRequest,
    filters: Filters,
    *,
    message: Message,
    resend: str = "",
    status: int | None = None,
) -> HttpResponse:
    """``resend`` is the path that *Send again* posts to. ``status`` defaults to that of the
    message.
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


def open_item(request: ReviewerRequest) -> str:
    """From this address or that of the requesting page."""
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


def render_in_focus(
    request: ReviewerRequest, part: str, context: dict[str, Any], status: int
) -> HttpResponse:
    around = frame(request, section="", counts={}, beside_list=True)
    returned = returned_lines(request.viewer, request.upstream)
    context |= {"part": part, **around, "returned": returned}
    return render(request, "inbox/focus.html", context, status=status)
