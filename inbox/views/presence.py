"""Who else has a group's question open."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.presenters.item_page import find
from inbox.presenters.presence import Company, can_be_met, company, has_company
from inbox.views.request import ReviewerRequest


@require_http_methods(["GET", "HEAD", "POST"])
def presence(request: ReviewerRequest, id: str) -> HttpResponse:
    """The fragment that names the others; a POST says that the page is in view, or ``leave``.

    404 for who may not see the question, and for one that is no group's. A page that has not heard
    yet that its question has closed is told nothing, and is not recorded.
    """
    item = _found(request, id)
    if request.method != "POST":
        there = company(request.viewer, item) or Company(item.mobius_id)
        return render(request, "interactions/_presence.html", {"company": there})
    if "leave" in request.POST:
        get_presence().leave(item.mobius_id, request.viewer.user_id)
    elif can_be_met(item):
        get_presence().look(item.mobius_id, request.viewer.user_id)
    return HttpResponse(status=204)


def _found(request: ReviewerRequest, id: str) -> Interaction:
    item = find(request.viewer, request.upstream, id)
    if item is None or not has_company(item):
        raise Http404("nobody is told of it")
    return item
