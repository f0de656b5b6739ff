from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import push_url, reswap, retarget, trigger_client_event

from inbox import access
from inbox.answering import claiming
from inbox.answering import snooze as service
from inbox.answering.question import find_own
from inbox.answering.snooze import NotSnoozed, Refusal
from inbox.live import hub
from inbox.models import Interaction
from inbox.web.interactions.answer_views import open_next
from inbox.web.interactions.views import filters_of, render_item
from inbox.web.questions.panes import open_item
from inbox.web.questions.snoozing import SnoozeForm, limit_words, presets, refusal_words
from inbox.web.ui.answer_sentences import with_title
from inbox.web.ui.frame import render_page
from inbox.web.ui.outcome_messages import claim_message
from inbox.web.ui.request import ReviewerRequest, is_fragment, origin_of
from inbox.web.ui.scopes import item_href, read_filters
from inbox.web.ui.when import moment


@require_http_methods(["GET", "HEAD", "POST"])
async def snooze(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """409 for a question that doesn't wait for the viewer, 422 for a time that is not possible, 404
    where the viewer was not asked.
    """
    if request.method != "POST":
        return await sync_to_async(_ask)(request, id)
    item = await sync_to_async(_snooze)(request, id)
    if not isinstance(item, Interaction):
        return item
    if "release" in request.POST:
        outcome = await claiming.release(
            reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
        )
        if not outcome.done:
            message = await sync_to_async(claim_message)(outcome, request.viewer)
            messages.warning(request, str(message))
    return await sync_to_async(_move_on)(request, item)


@require_POST
def unsnooze(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """With ``pane`` the question is shown too. 404 where the viewer was not asked."""
    cursor = hub.cursor()
    item = service.unsnooze(request.viewer, interaction_id=id)
    filters = filters_of(request)
    messages.success(request, _("Back in your inbox"))
    if not request.htmx:
        return HttpResponseRedirect(item_href(id, filters), status=303)
    if is_fragment(request, "detail"):
        response = render_item(request, item, cursor, filters=filters)
        response = push_url(response, item_href(id, filters))
    else:
        response = reswap(render(request, "components/_toasts.html", {"oob": True}), "none")
    return trigger_client_event(response, "inbox:restored", {"target": "body"})


def _snooze(request: ReviewerRequest, id: str) -> Interaction | HttpResponseBase:
    now, viewer = timezone.now(), request.viewer
    item = find_own(viewer, id)
    form = SnoozeForm(request.POST, item, now)
    if form.is_valid():
        try:
            item = service.snooze(
                viewer,
                interaction_id=id,
                reviewer=request.user.reviewer,
                until=form.time,
                now=now,
            )
        except NotSnoozed as refused:
            form.add_error("until", refusal_words(refused.reason, item, now))
            if refused.reason is Refusal.CLOSED:
                return _form(request, item, form, status=409)
        else:
            return item
    return _form(request, item, form, status=422)


def _ask(request: ReviewerRequest, id: str) -> HttpResponse:
    item = find_own(request.viewer, id)
    form = SnoozeForm(None, item, timezone.now())
    closed = not service.is_open_for(request.viewer, item)
    return _form(request, item, form, status=409 if closed else 200)


def _form(
    request: ReviewerRequest, item: Interaction, form: SnoozeForm, *, status: int
) -> HttpResponse:
    context = _context(request, item, form) | {"closed": status == 409}
    if request.htmx:
        response = render(request, "interactions/_snooze.html", context, status=status)
        # An error takes the place of the form, not of the question.
        return reswap(retarget(response, "#snooze"), "innerHTML") if status >= 400 else response
    template = "interactions/snooze.html"
    return render_page(request, template, context, section="inbox", status=status)


def _context(request: ReviewerRequest, item: Interaction, form: SnoozeForm) -> dict[str, Any]:
    now, from_list = timezone.now(), _from_list(request)
    filters = filters_of(request) if request.method == "POST" else read_filters(request.GET)
    returns_at = service.of_item(request.viewer, item, now)
    return {
        "form": form,
        "item": item,
        "presets": presets(item, now),
        "limit": limit_words(item, now),
        "claimed": access.has_claimed(request.viewer, item),
        "snoozed": moment(returns_at, now) if returns_at is not None else "",
        "list_query": filters.query(),
        "back": "inbox" if from_list else "",
        "back_href": filters.list_href if from_list else item_href(item.mobius_id, filters),
        "in_pane": open_item(request) == item.mobius_id,
        "dialog": bool(request.htmx),
    }


def _from_list(request: ReviewerRequest) -> bool:
    sent = request.POST if request.method == "POST" else request.GET
    return sent.get("back") == "inbox"


def _move_on(request: ReviewerRequest, item: Interaction) -> HttpResponseBase:
    now, pane = timezone.now(), is_fragment(request, "detail")
    until = service.of_item(request.viewer, item, now) or now
    undo = reverse("unsnooze", args=[item.mobius_id])
    said = _("Snoozed until %(time)s") % {"time": moment(until, now)}
    tag = f"{undo}?pane=1" if pane else undo
    messages.success(request, with_title(item, said), extra_tags=tag)
    if not request.htmx and _from_list(request):
        return HttpResponseRedirect(filters_of(request).list_href, status=303)
    if pane or not request.htmx:
        response = open_next(request, item, hub.cursor())
    else:
        response = reswap(render(request, "components/_toasts.html", {"oob": True}), "none")
    changed = {"target": "body", "changed": [item.mobius_id]}
    return trigger_client_event(response, "inbox", changed)
