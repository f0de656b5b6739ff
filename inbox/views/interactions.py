"""One question: the page, the part beside the list, its raw JSON."""

from datetime import datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from inbox.forms import AnswerForm
from inbox.live import hub
from inbox.models import Interaction, Upstream
from inbox.presenters import item_page, veil
from inbox.presenters.filters import Filters
from inbox.presenters.inbox_list import inbox_list
from inbox.services import notices
from inbox.services.outcome import Outcome
from inbox.views.decorators import reviewer_required
from inbox.views.frame import frame, is_fragment


@require_safe
@never_cache
@reviewer_required
async def interaction(request: Any, id: str) -> HttpResponse:
    """A question with the list beside it; for a swap the question alone."""
    cursor = hub.cursor()
    item = await sync_to_async(_find)(request, id)
    if item is not None:
        return await sync_to_async(_open)(request, item, cursor)
    if is_fragment(request, "detail"):
        missing = sync_to_async(render)
        return await missing(request, "interactions/_missing.html", status=404)
    raise Http404("No such question.")


@require_safe
@never_cache
@reviewer_required
async def interaction_json(request: Any, id: str) -> HttpResponse:
    """The question as Mobius sent it, for who may see it."""
    item = await sync_to_async(_find)(request, id)
    if item is None:
        raise Http404("No such question.")
    return JsonResponse(
        veil.seen_by(request.viewer, item).raw,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )


async def render_item(
    request: Any,
    interaction: Interaction,
    *,
    form: AnswerForm | None = None,
    outcome: Outcome | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of a question after its form was sent, or its part for a swap.

    ``form`` keeps the text and says what is wrong with it, ``outcome`` says what is true now. The
    item is one that the viewer may see.
    """
    return await sync_to_async(_render)(
        request, interaction, hub.cursor(), form=form, outcome=outcome, status=status
    )


def _find(request: Any, id: str) -> Interaction | None:
    return item_page.find(request.viewer, Upstream.present(), id)


def _open(request: Any, item: Interaction, cursor: str) -> HttpResponse:
    """The page; what the person was told about the question is read by that.

    Not where the page reads itself again: it may be that nobody sits before it.
    """
    again = request.headers.get("HX-Source", "").startswith("article#")
    if request.method == "GET" and not again:
        reviewer, now = request.user.reviewer, timezone.now()
        notices.read_item(reviewer=reviewer, interaction_id=item.mobius_id, now=now)
    return _render(request, item, cursor)


def _render(
    request: Any,
    item: Interaction,
    cursor: str,
    *,
    form: AnswerForm | None = None,
    outcome: Outcome | None = None,
    status: int = 200,
) -> HttpResponse:
    upstream, now, filters = Upstream.present(), timezone.now(), filters_of(request)
    page = item_page.item_page(request.viewer, upstream, item, filters, now, form=form)
    context: dict[str, Any] = {"page": page, "form": page.form, "outcome": outcome}
    context["live_cursor"] = cursor
    alone = is_fragment(request, "detail")
    # What is to be said once is not for a page part that reads itself again in the meantime.
    again = request.headers.get("HX-Source") == "article#detail"
    around = {"oob": True, "toasts": not again}
    context |= around if alone else _beside(request, upstream, item, filters, now)
    template = "interactions/_detail.html" if alone else "interactions/interaction.html"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _beside(
    request: Any, upstream: Upstream, item: Interaction, filters: Filters, now: datetime
) -> dict[str, Any]:
    """The frame, and the list with the item marked."""
    rows = inbox_list(request.viewer, upstream, filters, now, current=item.mobius_id)
    around = frame(request, upstream, section=filters.shown.section, counts=rows.counts)
    return {"list": rows, **around}


def filters_of(request: Any) -> Filters:
    """The filters of the list beside the item: in the address, or carried by the form."""
    if request.method == "POST":
        return Filters.read(QueryDict(request.POST.get("list", "")))
    return Filters.read(request.GET)
