"""One question: its page, the pane beside the list, its raw JSON, presence and drafts, and what
helps with an answer: comment templates and similar decisions.
"""

from dataclasses import dataclass
from datetime import datetime
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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox import exact
from inbox.access import Refusal, redaction
from inbox.live import hub
from inbox.live.presence import get_presence
from inbox.models import Interaction
from inbox.people.names import names_of
from inbox.services import awaited_releases, notices, question
from inbox.services import draft as service
from inbox.services import unread as marks
from inbox.services.comment_templates import templates_for
from inbox.services.draft import TypedIn
from inbox.services.seen import Seen
from inbox.services.similar import similar as find_similar
from inbox.web.inbox.page import list_beside
from inbox.web.interactions.drafts import OtherDraft, other_drafts
from inbox.web.interactions.forms import AnswerForm, comment_of, typed_of
from inbox.web.interactions.page import item_page
from inbox.web.interactions.presence import (
    OtherViewers,
    may_show_presence,
    other_viewers,
    shows_presence,
)
from inbox.web.ui.answers import GivenAnswer, ended_at, given_answers, question_of, value_words
from inbox.web.ui.frame import frame, held_after, render_page
from inbox.web.ui.held import returned_lines
from inbox.web.ui.messages import Message
from inbox.web.ui.people import People
from inbox.web.ui.request import ReviewerRequest, device_of, is_fragment, source_of, typed_in
from inbox.web.ui.scopes import Filters, FocusFilters, item_href, read_filters


@require_safe
async def interaction(request: ReviewerRequest, id: str) -> HttpResponse:
    """A question with the list beside it; for an htmx request the question alone.

    ``?answer=…&comment=…`` fills in the form; that sends nothing.
    """
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
        encoder=exact.Encoder,
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
    """The page of a question, or its part for htmx. The viewer may see the question.

    ``cursor`` is where its stream begins, read before the question was. ``form`` has the submitted
    text and its errors, ``message`` says what is true now. ``resend`` is the path that *Send again*
    posts to, if it is offered. ``shows`` selects the draft for the form, by default that of the
    submitted form. ``status`` defaults to that of the message.
    """
    cursor = cursor or hub.cursor()
    filters = filters_of(request) if filters is None else filters
    alone = is_fragment(request, "detail")
    has_list = not alone and not isinstance(filters, FocusFilters)
    rows = list_beside(request, filters, current=item.mobius_id) if has_list else None
    place = rows.place if rows is not None else None
    page = item_page(request, item, filters, form=form, shows=shows, place=place)
    context: dict[str, Any] = {"page": page, "form": page.answer.form, "message": message}
    context |= {"resend": resend, "live_cursor": cursor}
    # When the part reloads itself, perhaps no one is looking: messages that are shown once wait,
    # and notifications stay unread. Those of a preview wait until the person has seen it.
    context["preview"] = request.headers.get("Preview") == "true"
    reloads_itself = source_of(request) == ("article", "detail")
    may_read = context["preview"] or not reloads_itself
    context["unread"] = may_read and notices.is_unread(
        request.user.reviewer, request.upstream, item
    )
    if status is None:
        status = 200 if message is None else message.status
    if alone:
        context |= {"oob": True, "toasts": not reloads_itself, **held_after(request)}
        return render(request, "interactions/_detail.html", context, status=status)
    if rows is None:
        return render_in_focus(request, "interactions/_detail.html", context, status)
    section, counts = filters.shown.section, rows.counts
    around = frame(request, section=section, counts=counts, held=rows.held, beside_list=True)
    context |= {"list": rows, **around}
    return render(request, "interactions/interaction.html", context, status=status)


def render_in_focus(
    request: ReviewerRequest, part: str, context: dict[str, Any], status: int
) -> HttpResponse:
    """The page of focus mode with this part."""
    around = frame(request, section="", counts={}, beside_list=True)
    returned = returned_lines(request.viewer, request.upstream)
    context |= {"part": part, **around, "returned": returned}
    return render(request, "inbox/focus.html", context, status=status)


def filters_of(request: ReviewerRequest) -> Filters:
    """The filters of the list beside the question, from the address or the form."""
    if request.method == "POST":
        return read_filters(QueryDict(request.POST.get("list", "")))
    return Filters.read(request.GET)


@require_POST
def await_release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Turn the notification for the end of someone else's claim on, or off without ``wanted``, and
    show the question. 409 if no one else has claimed it.
    """
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
    """Show the other viewers; a POST records that the viewer looks or leaves.

    404 if the viewer may not see the question or it is not a group's. For a closed question nothing
    is shown or recorded.
    """
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
    """Note that the viewer has seen the question as it was at ``version``. 404 if not asked."""
    version = Seen.parse(request.POST.get("version", "")).updated_at
    marks.mark_seen(reviewer=request.user.reviewer, interaction_id=id, version=version)
    return HttpResponse(status=204)


@require_POST
def unread(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Mark the question as unread, and without htmx go back to the list. 404 if not asked."""
    marked = marks.mark_unread(reviewer=request.user.reviewer, interaction_id=id)
    if marked:
        messages.success(request, _("Marked as unread."))
    if request.htmx:
        return render(request, "components/_toasts.html", {"oob": True})
    return HttpResponseRedirect(filters_of(request).list_href, status=303)


@require_POST
def draft(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Save ``value`` and ``comment`` without checking them: 204, or 200 with the question's other
    drafts.

    ``use`` then puts another draft into the form, by its ``base``. ``discard`` saves nothing and
    deletes the draft it names, or the newest. With ``back`` the browser is redirected to the
    question, which then has the text in its form. 409 if the question has been answered. Others in
    a group see that someone is writing.
    """
    kept, others = _kept(request, id)
    if "use" in request.POST:
        return _used(request, id)
    script = request.htmx
    if "back" in request.POST or ("discard" in request.POST and not script):
        return HttpResponseRedirect(item_href(id, filters_of(request)), status=303)
    if kept and settings.PRESENCE and "discard" not in request.POST:
        get_presence().mark_writing(id, request.viewer.user_id)
    if kept and (others or (script and "discard" in request.POST)):
        context = {"drafts": others, "id": id, "usable": True}
        context["list_query"] = request.POST.get("list", "")
        return render(request, "interactions/_other_drafts.html", context)
    return HttpResponse(status=204 if kept else 409)


def _kept(request: ReviewerRequest, id: str) -> tuple[bool, tuple[OtherDraft, ...]]:
    """Whether there was anything to save, and the drafts that are not in the form."""
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
    if service.is_held(reviewer, item):
        others = []
    return kept, other_drafts(others, item, form.device, timezone.now())


def _used(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """The question with the other draft in its form, as that draft is now."""
    item = question.find_asked(request.viewer, id)
    base = service.newest_base(reviewer=request.user.reviewer, item=item, base=request.POST["use"])
    if request.htmx:
        return render_item(request, item, shows=TypedIn(base=base, device=device_of(request)))
    page = item_href(id, filters_of(request), draft=base)
    return HttpResponseRedirect(page, status=303)


@dataclass(frozen=True)
class TemplateLine:
    """``answer``: what the group answered with this comment. ``href`` is the question with the
    comment suggested, for browsers without scripts.
    """

    text: str
    answer: str
    href: str


@dataclass(frozen=True)
class SimilarDecision:
    """A closed question, and its answers."""

    item: Interaction
    answers: tuple[GivenAnswer, ...]
    closed_at: datetime | None


@require_safe
def templates(request: ReviewerRequest, id: str) -> HttpResponse:
    """The templates for a comment on the question."""
    item = _find(request, id)
    filters = read_filters(request.GET)
    lines = [
        TemplateLine(
            template.text,
            "" if template.value is None else value_words(question_of(item), template.value).line,
            item_href(id, filters, comment=template.text),
        )
        for template in templates_for(request.viewer, request.upstream, item)
    ]
    context = {"templates": lines, "item": item, "back": item_href(id, filters)}
    # static/js/templates.js asks with htmx.ajax, which doesn't name the target.
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "interactions/_templates.html", context)
    return render_page(request, "interactions/templates.html", context, section="inbox")


@require_safe
def similar(request: ReviewerRequest, id: str) -> HttpResponse:
    """The last decisions on the same step of the same workflow."""
    item = _find(request, id)
    found = find_similar(request.viewer, request.upstream, item)
    ids = {user_id for one in found for user_id in one.answered_by if user_id}
    people = People(names_of(ids), request.viewer.mobius_id)
    decisions = [SimilarDecision(one, given_answers(one, people), ended_at(one)) for one in found]
    context = {"decisions": decisions, "item": item, "now": timezone.now()}
    template, parts = "interactions/similar.html", {f"similar-{id}": "interactions/_similar.html"}
    return render_page(request, template, context, section="inbox", parts=parts)


def _find(request: ReviewerRequest, id: str) -> Interaction:
    item = question.find(request.viewer, request.upstream, id)
    if item is None:
        raise Http404("no such question")
    return item
