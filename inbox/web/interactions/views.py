from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)

from inbox import access
from inbox.access import Refusal, redaction
from inbox.answering import awaited_releases, question
from inbox.answering import draft as service
from inbox.answering import unread as marks
from inbox.answering.shown_version import ShownVersion
from inbox.answering.similar import similar as find_similar
from inbox.lib import exact
from inbox.live import hub
from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.notify import notices
from inbox.people.comment_templates import texts_for
from inbox.people.names import names_of
from inbox.web.questions.drafts import text_of
from inbox.web.questions.focus import entry_href, focus_place
from inbox.web.questions.forms import AnswerForm, comment_of, typed_of
from inbox.web.questions.panes import at_the_end, render_focus, render_in_focus
from inbox.web.questions.presence import (
    OtherViewers,
    may_show_presence,
    other_viewers,
    shows_presence,
)
from inbox.web.questions.question_list import list_beside
from inbox.web.questions.question_page import item_page
from inbox.web.questions.review_form import ReviewForm
from inbox.web.ui.answers import ended_at, given_answers
from inbox.web.ui.frame import frame, held_after, render_page
from inbox.web.ui.messages import Message
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest, is_fragment, source_of, typed_in
from inbox.web.ui.scopes import Filters, FocusFilters, item_href, read_filters


@require_safe
async def interaction(request: ReviewerRequest, id: str) -> HttpResponse:
    """``?answer=…&comment=…`` fills in the form; that sends nothing."""
    cursor = hub.cursor()
    item = await question.find_or_read(request.viewer, request.upstream, id)
    if item is not None:
        return await sync_to_async(render_item)(request, item, cursor)
    if is_fragment(request, "detail"):
        return await sync_to_async(render)(request, "interactions/_missing.html", status=404)
    raise Http404("No such question.")


@require_safe
async def interaction_json(request: ReviewerRequest, id: str) -> HttpResponse:
    item = await question.find_or_read(request.viewer, request.upstream, id)
    if item is None:
        raise Http404("No such question.")
    return JsonResponse(
        redaction.seen_by(request.viewer, item).raw,
        encoder=exact.Encoder,
        json_dumps_params={"indent": 2, "ensure_ascii": False},
    )


def render_item(
    request: ReviewerRequest,
    item: Interaction,
    cursor: str = "",
    *,
    form: AnswerForm | None = None,
    review: ReviewForm | None = None,
    message: Message | None = None,
    resend: str = "",
    status: int | None = None,
    filters: Filters | None = None,
) -> HttpResponse:
    """``cursor`` is where the stream begins, read before the question was. ``resend`` is the path
    that *Send again* posts to. ``status`` defaults to that of the message.
    """
    cursor = cursor or hub.cursor()
    filters = filters_of(request) if filters is None else filters
    alone, in_focus = is_fragment(request, "detail"), isinstance(filters, FocusFilters)
    rows = None if alone or in_focus else list_beside(request, filters, current=item.mobius_id)
    place = rows["place"] if rows else None
    page = item_page(request, item, filters, form=form, review=review, place=place)
    context = {"page": page, "form": page["answer"].get("form"), "message": message}
    context |= {"resend": resend, "live_cursor": cursor, **_reading(request, item)}
    if status is None:
        status = 200 if message is None else message.status
    if alone:
        context |= {"oob": True, **held_after(request)}
        return render(request, "interactions/_detail.html", context, status=status)
    if rows is None:
        return render_in_focus(request, "interactions/_detail.html", context, status)
    section = filters.shown.section
    context |= frame(request, section=section, counts=rows["counts"], beside_list=True)
    return render(request, "interactions/interaction.html", context | {"list": rows}, status=status)


def _reading(request: ReviewerRequest, item: Interaction) -> dict[str, bool]:
    """Perhaps no one is looking when the part reloads itself: messages that are shown once wait."""
    return {
        "preview": request.headers.get("Preview") == "true",
        "toasts": source_of(request) != ("article", "detail"),
        "unread": notices.is_unread(request.user.reviewer, request.upstream, item),
    }


def filters_of(request: ReviewerRequest) -> Filters:
    if request.method == "POST":
        return read_filters(QueryDict(request.POST.get("list", "")))
    return Filters.read(request.GET)


@require_safe
def focus(request: ReviewerRequest) -> HttpResponse:
    """Without ``order``, freeze it. Without ``item``, show the end page."""
    cursor = hub.cursor()
    filters, id_ = FocusFilters.read(request.GET), request.GET.get("item", "")
    if not filters.cleaned_data["order"]:
        path = entry_href(request.own, filters, id_)
        if path:
            return HttpResponseRedirect(path)
    if not id_:
        return at_the_end(request, filters, cursor)
    item = question.find(request.viewer, request.upstream, id_)
    if item is not None and not is_fragment(request, "focus-place"):
        return render_item(request, item, cursor, filters=filters)
    return _place_in_focus(request, filters, id_, item)


def _place_in_focus(
    request: ReviewerRequest, filters: FocusFilters, id_: str, item: Interaction | None
) -> HttpResponse:
    context: dict[str, Any] = {
        "focus": focus_place(request.own, filters, id_),
        "open": item is not None and (item.pending or access.waits_for(request.viewer, item)),
    }
    if is_fragment(request, "focus-place"):
        return render(request, "inbox/_focus_place.html", context)
    return render_focus(request, "interactions/_missing.html", context, status=404)


@require_POST
def await_release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """``wanted`` turns it on. 409 if no one else has claimed the question."""
    cursor, wanted = hub.cursor(), bool(request.POST.get("wanted"))
    item, refusal = awaited_releases.set_awaited(
        reviewer=request.user.reviewer, interaction_id=id, wanted=wanted
    )
    if wanted and refusal is None:
        messages.success(request, _("This question is available again."))
    refused = wanted and refusal is not Refusal.CLAIMED_BY_ANOTHER
    if refused or is_fragment(request, "detail"):
        return render_item(request, item, cursor, status=409 if refused else 200)
    return HttpResponseRedirect(item_href(id, filters_of(request)), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def presence(request: ReviewerRequest, id: str) -> HttpResponse:
    """404 unless the viewer may see it and it is a group's. A closed question has no presence."""
    item = _find(request, id)
    if not may_show_presence(item):
        raise Http404("presence isn't shown for this question")
    if request.method != "POST":
        others = other_viewers(request.viewer, item) or OtherViewers(item.mobius_id)
        return render(request, "interactions/_presence.html", {"other_viewers": others})
    if "leave" in request.POST:
        get_presence().mark_left(item.mobius_id, request.viewer.user_id)
    elif shows_presence(item):
        get_presence().mark_viewing(item.mobius_id, request.viewer.user_id)
    return HttpResponse(status=204)


@require_POST
def seen(request: ReviewerRequest, id: str) -> HttpResponse:
    """404 if the viewer was not asked."""
    version = ShownVersion.parse(request.POST.get("version", "")).updated_at
    marks.mark_seen(reviewer=request.user.reviewer, interaction_id=id, version=version)
    _read_notices(request, id)
    return HttpResponse(status=204)


@require_GET
def opened(request: ReviewerRequest, id: str) -> HttpResponse:
    """A page without scripts has this as an image: the question has been seen."""
    _find(request, id)
    with suppress(question.NotAsked):
        marks.mark_seen(reviewer=request.user.reviewer, interaction_id=id, version=None)
    _read_notices(request, id)
    return HttpResponse(status=204)


def _read_notices(request: ReviewerRequest, id: str) -> None:
    notices.read_item(
        reviewer=request.user.reviewer,
        upstream=request.upstream,
        interaction_id=id,
        now=timezone.now(),
    )


@require_POST
def unread(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """404 if the viewer was not asked."""
    marked = marks.mark_unread(reviewer=request.user.reviewer, interaction_id=id)
    if marked:
        messages.success(request, _("Marked as unread."))
    if request.htmx:
        return render(request, "components/_toasts.html", {"oob": True})
    return HttpResponseRedirect(filters_of(request).list_href, status=303)


@require_POST
def draft(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """204, or 200 with the text that is not in the form; 409 if the question has been answered.
    ``put_back`` swaps the draft and the earlier text, ``discard`` deletes the draft.
    """
    reviewer, item = request.user.reviewer, question.find_own(request.viewer, id)
    if "discard" in request.POST:
        service.discard(reviewer=reviewer, item=item, base=request.POST.get("draft", ""))
        return HttpResponseRedirect(item_href(id, filters_of(request)), status=303)
    saved = service.save(
        reviewer=reviewer,
        interaction_id=id,
        values=typed_of(request.POST),
        comment=comment_of(request.POST),
        typed_in=typed_in(request),
    )
    if "put_back" in request.POST:
        service.put_back(reviewer=reviewer, item=item)
    if "back" in request.POST or "put_back" in request.POST:
        return HttpResponseRedirect(item_href(id, filters_of(request)), status=303)
    if not saved:
        return HttpResponse(status=409)
    if settings.PRESENCE:
        get_presence().mark_writing(id, request.viewer.user_id)
    return _text_beside(request, item)


def _text_beside(request: ReviewerRequest, item: Interaction) -> HttpResponse:
    draft = service.draft_of(request.viewer, item)
    beside = service.text_beside(draft, typed_in(request))
    if beside is None:
        return HttpResponse(status=204)
    context = {"earlier": text_of(beside, item), "id": item.mobius_id}
    return render(request, "interactions/_earlier_text.html", context)


@require_safe
def templates(request: ReviewerRequest, id: str) -> HttpResponse:
    item = _find(request, id)
    filters = read_filters(request.GET)
    texts = texts_for(item)
    lines = [(text, item_href(id, filters, comment=text)) for text in texts]
    context = {"templates": lines, "item": item, "back": item_href(id, filters)}
    # static/js/templates.js asks with htmx.ajax, which doesn't name the target.
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "interactions/_templates.html", context)
    return render_page(request, "interactions/templates.html", context, section="inbox")


@require_safe
def similar(request: ReviewerRequest, id: str) -> HttpResponse:
    item = _find(request, id)
    found = find_similar(request.viewer, request.upstream, item)
    ids = {user_id for one in found for user_id in one.answered_by if user_id}
    people = People(names_of(request.upstream, ids), request.viewer.mobius_id)
    decisions = [
        {"item": one, "answers": given_answers(one, people), "closed_at": ended_at(one)}
        for one in found
    ]
    context = {"decisions": decisions, "item": item, "now": timezone.now()}
    template, parts = "interactions/similar.html", {f"similar-{id}": "interactions/_similar.html"}
    return render_page(request, template, context, section="inbox", parts=parts)


def _find(request: ReviewerRequest, id: str) -> Interaction:
    item = question.find(request.viewer, request.upstream, id)
    if item is None:
        raise Http404("no such question")
    return item
