"""Who else has a group's question open."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.live.presence import get_presence
from inbox.models import Interaction, Upstream
from inbox.presenters.item_page import find
from inbox.presenters.presence import can_be_met, company
from inbox.views.decorators import reviewer_required


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@reviewer_required
async def presence(request: Any, id: str) -> HttpResponseBase:
    """The fragment that names the others; a POST says that the page is in view, or ``leave``.

    404 for who may not see the question, and where there is nothing to say of it.
    """
    return await sync_to_async(_answer)(request, id)


def _answer(request: Any, id: str) -> HttpResponse:
    item = _met(request, id)
    if request.method != "POST":
        there = company(request.viewer, item)
        return render(request, "interactions/_presence.html", {"company": there})
    if "leave" in request.POST:
        get_presence().leave(item.mobius_id, request.viewer.user_id)
    else:
        get_presence().look(item.mobius_id, request.viewer.user_id)
    return HttpResponse(status=204)


def _met(request: Any, id: str) -> Interaction:
    item = find(request.viewer, Upstream.present(), id)
    if item is None or not can_be_met(item):
        raise Http404("nobody is told of it")
    return item
