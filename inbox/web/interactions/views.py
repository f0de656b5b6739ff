"""One question: its page, the pane beside the list, its raw JSON, presence and drafts."""

from typing import Any
from urllib.parse import urlencode

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.access import redaction
from inbox.live import hub
from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.services import draft as service
from inbox.services import notices, question
from inbox.services.draft import TypedIn
from inbox.services.question import NotAsked
from inbox.web.inbox.page import inbox_list
from inbox.web.interactions import page as item_page
from inbox.web.interactions.drafts import OtherDraft, other_drafts
from inbox.web.interactions.forms import AnswerForm, comment_of, typed_of
from inbox.web.interactions.presence import (
    OtherViewers,
    may_show_presence,
    other_viewers,
    shows_presence,
)
from inbox.web.ui.frame import frame
from inbox.web.ui.messages import Message
from inbox.web.ui.request import ReviewerRequest, device_of, is_fragment, source_of, typed_in
from inbox.web.ui.scopes import Filters


@require_safe
async def interaction(request: ReviewerRequest, id: str) -> HttpResponse:
    """A question with the list beside it; the question alone for an htmx request."""
    cursor = hub.cursor()
    item = await question.find_or_read(request.viewer, request.upstream, id)
    if item is not None:
        return await sync_to_async(render_item)(request, item, cursor)
    if is_fragment(request, "detail"):
        return await sync_to_async(render)(request, "interactions/_missing.html", status=404)
    raise Http404("No such question.")


@require_safe
async def interaction_json(request: ReviewerRequest, id: str) -> HttpResponse:
    """The question as Mobius sent it."""
    item = await question.find_or_read(request.viewer, request.upstream, id)
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


@require_http_methods(["GET", "HEAD", "POST"])
def presence(request: ReviewerRequest, id: str) -> HttpResponse:
    """The fragment that names the other viewers; a POST records that the viewer looks or leaves.

    404 where the viewer may not see the question, or it is not a group's. For a closed question the
    fragment is empty and nothing is recorded.
    """
    item = _found(request, id)
    if request.method != "POST":
        others = other_viewers(request.viewer, item) or OtherViewers(item.mobius_id)
        return render(request, "interactions/_presence.html", {"other_viewers": others})
    if "leave" in request.POST:
        get_presence().mark_left(item.mobius_id, request.viewer.user_id)
    elif shows_presence(item):
        get_presence().mark_viewing(item.mobius_id, request.viewer.user_id)
    return HttpResponse(status=204)


def _found(request: ReviewerRequest, id: str) -> Interaction:
    item = question.find(request.viewer, request.upstream, id)
    if item is None or not may_show_presence(item):
        raise Http404("nobody is told of it")
    return item


@require_POST
def draft(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Keep ``value`` and ``comment`` unjudged: 204, or 200 with the other drafts of the question.

    ``use`` then puts another draft into the form, by its ``base``. ``discard`` keeps nothing and
    forgets the draft it names, or the newest. With ``back`` the browser is sent to the question,
    which then has the text in its form. 409 where the answer is in: nothing is left to keep. The
    others in a group see that one writes.
    """
    try:
        kept, others = _kept(request, id)
    except NotAsked:
        raise Http404("no such question") from None
    if "use" in request.POST:
        return _used(request, id)
    script = request.htmx
    if "back" in request.POST or ("discard" in request.POST and not script):
        return HttpResponseRedirect(reverse("interaction", args=[id]), status=303)
    if kept and settings.PRESENCE and "discard" not in request.POST:
        get_presence().mark_writing(id, request.viewer.user_id)
    if kept and (others or (script and "discard" in request.POST)):
        context = {"drafts": others, "id": id, "usable": True}
        return render(request, "interactions/_other_drafts.html", context)
    return HttpResponse(status=204 if kept else 409)


def _kept(request: ReviewerRequest, id: str) -> tuple[bool, tuple[OtherDraft, ...]]:
    """Whether there was something to keep, and the drafts that are not in the form."""
    reviewer, form = request.user.reviewer, typed_in(request)
    item = question.find_asked(request.viewer, id)
    kept = True
    if "discard" in request.POST:
        named = request.POST["discard"]
        service.discard(reviewer=reviewer, item=item, base=named if "-" in named else "")
    else:
        kept = service.save(
            reviewer=reviewer,
            interaction_id=id,
            values=typed_of(request.POST),
            comment=comment_of(request.POST),
            typed_in=form,
        )
    _, others = service.drafts_of(request.viewer, item, form)
    return kept, other_drafts(others, item, form.device, timezone.now())


def _used(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """The question with the other draft in its form, as that draft is now."""
    item = question.find_asked(request.viewer, id)
    base = service.newest_base(reviewer=request.user.reviewer, item=item, base=request.POST["use"])
    if request.htmx:
        return render_item(request, item, shows=TypedIn(base=base, device=device_of(request)))
    page = reverse("interaction", args=[id])
    return HttpResponseRedirect(f"{page}?{urlencode({'draft': base})}", status=303)
