"""An answer arrives."""

import json
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.views.decorators.http import require_POST

from inbox.forms import AnswerForm, form_for, typed_of
from inbox.mobius.types import Question
from inbox.models import Interaction
from inbox.presenters.place import next_href
from inbox.services import draft
from inbox.services import respond as service
from inbox.services.draft import NotAsked
from inbox.services.outcome import Outcome
from inbox.services.seen import Seen, seen_of
from inbox.views.decorators import reviewer_required
from inbox.views.interactions import filters_of, render_item
from inbox.views.origin import origin_of


@require_POST
@reviewer_required
async def respond(request: Any, id: str) -> HttpResponseBase:
    """Send the answer. Then the next item; or the same page again, with what is true and the text.

    422 for a value that is none, 409 for a question that is closed, held or changed, 503 where
    Mobius does not take it now, 404 for what is not the viewer's.
    """
    item, form = await sync_to_async(_arrived)(request, id)
    seen = Seen.parse(form.sent_seen if form else "")
    if form is None or not form.is_valid():
        return await _unusable(request, item, form, seen)
    outcome = await service.respond(
        reviewer=request.user.reviewer,
        interaction_id=id,
        value=form.value,
        comment=form.cleaned_data["comment"],
        operation_id=form.sent_operation_id,
        seen=seen,
        origin=origin_of(request),
        asked=(request.viewer, item),
    )
    if not outcome.good:
        return await _shown(request, form, outcome)
    messages.success(request, f"{outcome.title}. {outcome.text}")
    return _moved(request, await sync_to_async(_next)(request, outcome))


def _arrived(request: Any, id: str) -> tuple[Interaction, AnswerForm | None]:
    """The item and its form as sent, None for a mode that has no form."""
    try:
        item = draft.asked_item(request.viewer, id)
    except NotAsked:
        raise Http404("no such question") from None
    if not item.questions:
        return item, None
    question = Question.model_validate(item.questions[0])
    return item, form_for(question, request.POST, seen=seen_of(item))


async def _unusable(
    request: Any, item: Interaction, form: AnswerForm | None, seen: Seen
) -> HttpResponseBase:
    """A value that cannot be sent: kept as a draft, and wrong only where the question is open."""
    reviewer, id = request.user.reviewer, item.mobius_id
    await sync_to_async(draft.save)(
        reviewer=reviewer,
        interaction_id=id,
        values=typed_of(request.POST),
        comment=request.POST.get("comment", ""),
    )
    outcome = await service.what_is_true(reviewer=reviewer, interaction_id=id, seen=seen)
    if outcome is None:
        return await render_item(request, item, form=form, status=422)
    return await _shown(request, form, outcome)


async def _shown(request: Any, form: AnswerForm | None, outcome: Outcome) -> HttpResponseBase:
    shown = await render_item(
        request, outcome.interaction, form=form, outcome=outcome, status=outcome.status
    )
    if outcome.retry_after is not None:
        shown["Retry-After"] = str(max(1, round(outcome.retry_after)))
    return shown


def _next(request: Any, outcome: Outcome) -> str:
    item = outcome.interaction
    return next_href(request.viewer, item.upstream, item, filters_of(request))


def _moved(request: HttpRequest, path: str) -> HttpResponseBase:
    """To another page, as the browser or the script goes there."""
    if request.headers.get("HX-Request"):
        # htmx says "body" here whatever the target is, and would be given a whole page
        where = {
            "path": path,
            "target": "#detail",
            "swap": "outerHTML show:top",
            "headers": {"HX-Target": "article#detail"},
        }
        return HttpResponse(headers={"HX-Location": json.dumps(where)})
    return HttpResponseRedirect(path, status=303)
