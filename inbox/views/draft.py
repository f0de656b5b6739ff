"""What is being typed is kept."""

from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox.forms import typed_of
from inbox.live.presence import get_presence
from inbox.services import draft as service
from inbox.services.draft import NotAsked
from inbox.views.decorators import reviewer_required


@require_POST
@reviewer_required
async def draft(request: Any, id: str) -> HttpResponseBase:
    """Keep ``value`` and ``comment`` unjudged: 204. ``discard`` forgets them instead.

    With ``back`` the browser is sent to the question, which then has the text in its form. 409
    where the answer is in: nothing is left to keep. The others in a group see that one writes.
    """
    try:
        kept = await sync_to_async(_kept)(request, id)
    except NotAsked:
        raise Http404("no such question") from None
    if "back" in request.POST:
        return HttpResponseRedirect(reverse("interaction", args=[id]), status=303)
    if kept and settings.PRESENCE and "discard" not in request.POST:
        get_presence().write(id, request.viewer.user_id)
    return HttpResponse(status=204 if kept else 409)


def _kept(request: Any, id: str) -> bool:
    reviewer = request.user.reviewer
    if "discard" in request.POST:
        service.asked_item(request.viewer, id)
        service.drop(reviewer=reviewer, interaction_id=id)
        return True
    return service.save(
        reviewer=reviewer,
        interaction_id=id,
        values=typed_of(request.POST),
        comment=request.POST.get("comment", ""),
    )
