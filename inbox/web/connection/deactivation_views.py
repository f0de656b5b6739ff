"""Deactivating a person, once an administrator has confirmed it."""

from asgiref.sync import sync_to_async
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from inbox.models import Reviewer
from inbox.services import deactivation
from inbox.services.deactivation import Deactivated, NotDeactivated, Reason
from inbox.web.connection.deactivation import deactivation_page
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest, administrator_required, origin_of

REJECTED = 422


@require_http_methods(["GET", "HEAD", "POST"])
@administrator_required
async def deactivate(request: ReviewerRequest, id: int) -> HttpResponse:
    """Ask, or do it and show what is left. For a deactivated person: what is still left."""
    reviewer = await sync_to_async(_find)(id)
    if request.method != "POST":
        return await sync_to_async(_page)(request, reviewer)
    try:
        done = await deactivation.deactivate(
            reviewer=reviewer, by=request.user.reviewer, origin=origin_of(request)
        )
    except NotDeactivated as refused:
        return await sync_to_async(_page)(
            request, reviewer, refused=refused.reason, status=REJECTED
        )
    return await sync_to_async(_page)(request, reviewer, done=done)


def _find(user_id: int) -> Reviewer:
    return get_object_or_404(Reviewer.objects.select_related("user"), user=user_id)


def _page(
    request: ReviewerRequest,
    reviewer: Reviewer,
    *,
    done: Deactivated | None = None,
    refused: Reason | None = None,
    status: int = 200,
) -> HttpResponse:
    if done is None and refused is None:
        refused = deactivation.why_not(reviewer, request.user.reviewer)
    context = {"page": deactivation_page(request.viewer, reviewer, done, refused)}
    template = "connection/deactivate.html"
    return render_page(request, template, context, section="connection", status=status)
