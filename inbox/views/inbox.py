"""The list of what waits for the reader, and of what is done."""

from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.live import hub
from inbox.mirror import freshness as mirror_freshness
from inbox.models import Upstream
from inbox.presenters import item_page
from inbox.presenters.filters import Filters
from inbox.presenters.inbox_list import inbox_list
from inbox.services.outcome import Outcome
from inbox.views.decorators import reviewer_required
from inbox.views.frame import frame, is_fragment


@require_safe
async def home(request: HttpRequest) -> HttpResponseRedirect:
    """The address of the product leads to the inbox."""
    return HttpResponseRedirect(reverse("inbox"))


@require_safe
@never_cache
@reviewer_required
async def inbox(request: Any) -> HttpResponse:
    """The list; with ``?item=`` that item beside it; for a swap the list or the empty pane."""
    return await sync_to_async(_inbox)(request, hub.cursor())


def _inbox(request: Any, cursor: str) -> HttpResponse:
    upstream, now, filters = Upstream.present(), timezone.now(), Filters.read(request.GET)
    open_id = open_item(request)
    page = inbox_list(request.viewer, upstream, filters, now, current=open_id)
    context = {"list": page, "live_cursor": cursor, "freshness": mirror_freshness.present()}
    if is_fragment(request, "inbox-list"):
        context["oob"] = True
        return _varied(render(request, "inbox/_list.html", context))
    if is_fragment(request, "detail"):
        context["oob"] = True
        return _varied(render(request, "inbox/_nothing_open.html", context))
    context |= frame(request, upstream, section=filters.shown.section, counts=page.counts)
    item = item_page.find(request.viewer, upstream, open_id) if open_id else None
    if item is not None:
        context["page"] = item_page.item_page(request.viewer, upstream, item, filters, now)
    return _varied(render(request, "inbox/inbox.html", context))


async def render_list(request: Any, filters: Filters, *, outcome: Outcome) -> HttpResponse:
    """The list after a button in it was pressed, with what came of it where that was not good."""
    return await sync_to_async(_pressed)(request, filters, outcome)


def _pressed(request: Any, filters: Filters, outcome: Outcome) -> HttpResponse:
    page = inbox_list(
        request.viewer, Upstream.present(), filters, timezone.now(), current=open_item(request)
    )
    context = {
        "list": page,
        "freshness": mirror_freshness.present(),
        "outcome": None if outcome.good else outcome,
        "pressed": True,
        "oob": True,
    }
    return render(request, "inbox/_list.html", context, status=outcome.status)


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
@reviewer_required
async def freshness(request: Any) -> HttpResponse:
    """How old what the pages show is, as the fragment in the frame."""
    context = {"freshness": mirror_freshness.present()}
    return await sync_to_async(render)(request, "components/_freshness.html", context)
