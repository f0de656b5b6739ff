"""A group's question is taken, or given back."""

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_POST

from inbox.forms import comment_of, typed_of
from inbox.models import Interaction
from inbox.presenters.filters import inbox_href, item_href
from inbox.presenters.messages.claim import claim_message
from inbox.services import claiming, draft
from inbox.services.claiming import NotAsked
from inbox.services.outcome import Outcome
from inbox.views.inbox import render_list
from inbox.views.interactions import filters_of, render_item
from inbox.views.origin import origin_of
from inbox.views.request import ReviewerRequest
from inbox.views.typed_in import typed_in

Operation = Callable[..., Awaitable[Outcome[Interaction]]]


@require_POST
async def claim(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Take the question, then the same page again: who has it now, and what is typed.

    409 with the holder named where somebody else has it, 404 for what is not the viewer's group's.
    ``back=inbox`` is a press in the list, which comes back.
    """
    return await _run(request, id, claiming.claim)


@require_POST
async def release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Give the question back; answered as ``claim``."""
    return await _run(request, id, claiming.release)


async def _run(request: ReviewerRequest, id: str, operation: Operation) -> HttpResponseBase:
    try:
        saved = await sync_to_async(keep_typed)(request, id)
        outcome = await operation(
            reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
        )
    except NotAsked:
        raise Http404("no such question") from None
    message = await sync_to_async(claim_message)(outcome, request.viewer, draft_saved=saved)
    script = bool(request.htmx)
    listed = request.POST.get("back") == "inbox"
    if outcome.done and (listed or not script):
        messages.success(request, str(message))
    if listed and script:
        return await sync_to_async(render_list)(request, filters_of(request), message=message)
    if outcome.done and not script:
        return HttpResponseRedirect(_back(request, id, listed=listed), status=303)
    shown = None if outcome.done else message
    return await sync_to_async(render_item)(request, outcome.subject, message=shown)


def keep_typed(request: ReviewerRequest, id: str) -> bool:
    """The button sends the answer form along: what is in it stays, whatever comes of the press.

    Whether the server has a text now that was typed.
    """
    values, comment = typed_of(request.POST), comment_of(request.POST)
    if not any(values) and not comment:
        return False
    return draft.save(
        reviewer=request.user.reviewer,
        interaction_id=id,
        values=values,
        comment=comment,
        typed_in=typed_in(request),
    )


def _back(request: ReviewerRequest, id: str, *, listed: bool) -> str:
    filters = filters_of(request)
    return inbox_href(filters) if listed else item_href(id, filters)
