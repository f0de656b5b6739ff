"""A group's question is taken, or given back."""

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_POST

from inbox.forms import comment_of, typed_of
from inbox.presenters.filters import inbox_href, item_href
from inbox.services import claiming, draft
from inbox.services.claiming import NotAsked
from inbox.services.outcome import Outcome
from inbox.views.inbox import render_list
from inbox.views.interactions import filters_of, render_item
from inbox.views.origin import origin_of
from inbox.views.request import ReviewerRequest
from inbox.views.typed_in import typed_in

Press = Callable[..., Awaitable[Outcome]]


@require_POST
async def claim(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Take the question, then the same page again: who has it now, and what is typed.

    409 with the holder named where somebody else has it, 404 for what is not the viewer's group's.
    ``back=inbox`` is a press in the list, which comes back.
    """
    return await _press(request, id, claiming.claim)


@require_POST
async def release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Give the question back; answered as ``claim``."""
    return await _press(request, id, claiming.release)


async def _press(request: ReviewerRequest, id: str, press: Press) -> HttpResponseBase:
    try:
        await sync_to_async(keep_typed)(request, id)
        outcome = await press(
            reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
        )
    except NotAsked:
        raise Http404("no such question") from None
    script = bool(request.htmx)
    listed = request.POST.get("back") == "inbox"
    if outcome.good and (listed or not script):
        messages.success(request, f"{outcome.title}. {outcome.text}")
    if listed and script:
        return await sync_to_async(render_list)(request, filters_of(request), outcome=outcome)
    if outcome.good and not script:
        return HttpResponseRedirect(_back(request, id, listed=listed), status=303)
    shown = None if outcome.good else outcome
    return await sync_to_async(render_item)(
        request, outcome.interaction, outcome=shown, status=outcome.status
    )


def keep_typed(request: ReviewerRequest, id: str) -> None:
    """The button sends the answer form along: what is in it stays, whatever comes of the press."""
    values, comment = typed_of(request.POST), comment_of(request.POST)
    if any(values) or comment:
        reviewer = request.user.reviewer
        draft.save(
            reviewer=reviewer,
            interaction_id=id,
            values=values,
            comment=comment,
            typed_in=typed_in(request),
        )


def _back(request: ReviewerRequest, id: str, *, listed: bool) -> str:
    filters = filters_of(request)
    return inbox_href(filters) if listed else item_href(id, filters)
