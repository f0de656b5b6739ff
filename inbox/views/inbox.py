"""The list of what waits for the reader, and of what is done."""

from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.mirror import freshness as mirror_freshness
from inbox.presenters import item_page
from inbox.presenters.filters import Filters
from inbox.presenters.inbox_list import inbox_changes, inbox_list
from inbox.presenters.place import place_of
from inbox.presenters.rail import rail_counts
from inbox.presenters.shown import Shown
from inbox.services.outcome import Outcome
from inbox.views.frame import frame, is_fragment
from inbox.views.typed_in import typed_in

MOST_CHANGED = 60
"""Questions that a page may ask about at a time."""


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponseRedirect:
    """The address of the product leads to the inbox."""
    return HttpResponseRedirect(reverse("inbox"))


@require_safe
@never_cache
async def inbox(request: Any) -> HttpResponse:
    """The list; with ``?item=`` that item beside it; for a swap the list or the empty pane."""
    return await sync_to_async(_inbox)(request, hub.cursor())


def _inbox(request: Any, cursor: str) -> HttpResponse:
    upstream, now, filters = request.upstream, timezone.now(), Filters.read(request.GET)
    if is_fragment(request, "detail"):
        return nothing_open(request, filters, cursor)
    open_id = open_item(request)
    shown = Shown.read(request.GET.get("shown", ""))
    page = inbox_list(request.viewer, upstream, filters, now, current=open_id, shown=shown)
    context = {"list": page, "live_cursor": cursor, "freshness": mirror_freshness.present()}
    if is_fragment(request, "inbox-list"):
        context |= {"oob": True, "place": place_of(request.viewer, upstream, filters, open_id)}
        return _varied(render(request, "inbox/_list.html", context))
    context |= frame(request, upstream, section=filters.shown.section, counts=page.counts)
    item = item_page.find(request.viewer, upstream, open_id) if open_id else None
    if item is not None:
        context["page"] = item_page.item_page(
            request.viewer, upstream, item, filters, now, typed_in=typed_in(request)
        )
    return _varied(render(request, "inbox/inbox.html", context))


def nothing_open(request: Any, filters: Filters, cursor: str) -> HttpResponse:
    """What stands in the place of a question while none is open, for a swap."""
    page = inbox_list(request.viewer, request.upstream, filters, timezone.now())
    context = {"list": page, "live_cursor": cursor, "oob": True}
    return _varied(render(request, "inbox/_nothing_open.html", context))


@require_safe
@never_cache
async def changes(request: Any) -> HttpResponse:
    """What became of the questions ``changed``, for a page of the list that shows some of them."""
    return await sync_to_async(_changes)(request)


def _changes(request: Any) -> HttpResponse:
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
    context: dict[str, Any] = {"list": page, "freshness": mirror_freshness.present()}
    if request.viewer.lead:
        context["rail"] = rail_counts(request.viewer, request.upstream)
    return render(request, "inbox/_changes.html", context)


async def render_list(
    request: Any,
    filters: Filters,
    *,
    outcome: Outcome,
    resend: str = "",
    status: int | None = None,
) -> HttpResponse:
    """The list after a button in it was pressed, with what came of it where that was not good.

    ``resend`` names the path that *Send again* posts to, where that is offered. ``status`` is the
    outcome's where none is given.
    """
    return await sync_to_async(_pressed)(
        request, filters, outcome, resend, outcome.status if status is None else status
    )


def _pressed(
    request: Any, filters: Filters, outcome: Outcome, resend: str, status: int
) -> HttpResponse:
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
        "outcome": None if outcome.good else outcome,
        "resend": resend,
        "pressed": True,
        "oob": True,
    }
    return render(request, "inbox/_list.html", context, status=status)


def open_item(request: Any) -> str:
    """The id of the item beside the list: in the address, or in that of the page that asks."""
    asked = request.GET.get("item")
    if asked or request.headers.get("HX-Request") != "true":
        return str(asked or "")
    page = urlsplit(request.headers.get("HX-Current-URL", ""))
    try:
        match = resolve(page.path)
    except Resolver404:
        return ""
    if match.url_name == "interaction":
        return str(match.kwargs["id"])
    return QueryDict(page.query).get("item") or ""


def _varied(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_safe
@never_cache
async def freshness(request: Any) -> HttpResponse:
    """How old what the pages show is, as the fragment in the frame."""
    context = {"freshness": mirror_freshness.present()}
    return await sync_to_async(render)(request, "components/_freshness.html", context)
