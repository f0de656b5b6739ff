"""One question: the page, the part beside the list, its raw JSON."""

from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from inbox.access import redaction
from inbox.forms import AnswerForm
from inbox.live import hub
from inbox.models import Interaction
from inbox.presenters import item_page
from inbox.presenters.filters import Filters
from inbox.presenters.inbox_list import inbox_list
from inbox.presenters.messages import Message
from inbox.services import notices, unknown_question
from inbox.services.draft import TypedIn
from inbox.views.frame import frame
from inbox.views.request import ReviewerRequest, is_fragment, source_of
from inbox.views.typed_in import typed_in


@require_safe
async def interaction(request: ReviewerRequest, id: str) -> HttpResponse:
    """A question with the list beside it; for a swap the question alone."""
    cursor = hub.cursor()
    item = await unknown_question.find(request.viewer, request.upstream, id)
    if item is not None:
        return await sync_to_async(render_item)(request, item, cursor)
    if is_fragment(request, "detail"):
        return await sync_to_async(render)(request, "interactions/_missing.html", status=404)
    raise Http404("No such question.")


@require_safe
async def interaction_json(request: ReviewerRequest, id: str) -> HttpResponse:
    """The question as Mobius sent it, for who may see it."""
    item = await unknown_question.find(request.viewer, request.upstream, id)
    if item is None:
        raise Http404("No such question.")
    return JsonResponse(
        redaction.seen_by(request.viewer, item).raw,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )


def render_item(
    request: ReviewerRequest,
    item: Interaction,
    cursor: str = "",
    *,
    form: AnswerForm | None = None,
    message: Message | None = None,
    resend: str = "",
    shows: TypedIn | None = None,
    status: int | None = None,
    filters: Filters | None = None,
) -> HttpResponse:
    """The page of a question, or its part for a swap.

    ``cursor`` is where its stream begins, asked for before the item was read. ``form`` keeps the
    text that was sent and says what is wrong with it, ``message`` says what is true now. ``resend``
    names the path that *Send again* posts to, where that is offered. ``shows`` picks the draft for
    the form, else it is that of the form that was sent. The item is one that the viewer may see.
    ``status`` is the message's where none is given.
    """
    upstream, now = request.upstream, timezone.now()
    cursor = cursor or hub.cursor()
    filters = filters_of(request) if filters is None else filters
    alone = is_fragment(request, "detail")
    rows = (
        None
        if alone
        else inbox_list(request.viewer, upstream, filters, now, current=item.mobius_id)
    )
    page = item_page.item_page(
        request.viewer,
        upstream,
        item,
        filters,
        now,
        form=form,
        typed_in=shows or typed_in(request),
        place=rows.place if rows is not None else None,
    )
    context: dict[str, Any] = {"page": page, "form": page.form, "message": message}
    context |= {"resend": resend, "live_cursor": cursor}
    # While the part reads itself again, perhaps nobody looks at it: what is to be said once waits,
    # and notifications stay unread.
    again = source_of(request) == ("article", "detail")
    context["unread"] = not again and notices.is_unread(request.user.reviewer, upstream, item)
    if rows is None:
        context |= {"oob": True, "toasts": not again}
    else:
        around = frame(request, upstream, section=filters.shown.section, counts=rows.counts)
        context |= {"list": rows, **around}
    template = "interactions/_detail.html" if alone else "interactions/interaction.html"
    if status is None:
        status = 200 if message is None else message.status
    return render(request, template, context, status=status)


def filters_of(request: ReviewerRequest) -> Filters:
    """The filters of the list beside the item: in the address, or carried by the form."""
    if request.method == "POST":
        return Filters.read(QueryDict(request.POST.get("list", "")))
    return Filters.read(request.GET)
