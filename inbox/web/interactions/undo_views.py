"""Held answers: undoing one, and the part of every page that shows the viewer's."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from inbox import access
from inbox.live import hub
from inbox.services import sending
from inbox.services.draft import TypedIn
from inbox.services.guard import choice_of
from inbox.web.interactions.messages import undo_message
from inbox.web.interactions.views import filters_of, render_item
from inbox.web.ui.batches import shown_batches, summary
from inbox.web.ui.frame import own_held
from inbox.web.ui.held import returned_answers
from inbox.web.ui.request import ReviewerRequest, asking_page, device_of, is_fragment
from inbox.web.ui.scopes import item_href


@require_POST
def undo(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Undo the viewer's held answer, and show the question with that text in its form. 409 if it is
    too late or nothing is held, 404 if the question is not the viewer's.
    """
    cursor = hub.cursor()
    outcome = sending.undo(reviewer=request.user.reviewer, interaction_id=id)
    message, item, filters = undo_message(outcome), outcome.subject, filters_of(request)
    if outcome.done:
        messages.success(request, str(message))
        seen = access.sees(request.viewer, item)
        if not seen or not is_fragment(request, "detail"):
            path = item_href(id, filters) if seen else reverse("inbox")
            return HttpResponseRedirect(path, status=303)
    shown = None if outcome.done else message
    newest = TypedIn(device=device_of(request))
    response = render_item(request, item, cursor, message=shown, shows=newest, filters=filters)
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, item_href(id, filters))


@require_safe
def held(request: ReviewerRequest) -> HttpResponse:
    """The viewer's held answers, and beside the list those that could not be sent."""
    upstream, page = request.upstream, asking_page(request)
    batches = shown_batches(request.viewer, upstream)
    context = {
        "held": own_held(request, batches),
        "guard": choice_of(request.user.reviewer).guard,
        "returned": returned_answers(request.viewer, upstream),
        "batches": [summary(batch) for batch in batches],
        "beside_list": page is not None and page.url_name in ("inbox", "interaction", "focus"),
    }
    return render(request, "interactions/_held_parts.html", context)
