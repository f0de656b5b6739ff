"""An answer arrives."""

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_POST
from django_htmx.http import push_url

from inbox.forms import AnswerForm, comment_of, form_for, typed_of
from inbox.live import hub
from inbox.mobius.types import Question
from inbox.models import Interaction
from inbox.presenters.filters import inbox_href, item_href
from inbox.presenters.messages import Message
from inbox.presenters.messages.answer import answer_message
from inbox.presenters.place import after_answer, next_item
from inbox.services import draft
from inbox.services import respond as service
from inbox.services.draft import NotAsked, TypedIn
from inbox.services.seen import Seen, seen_of
from inbox.views.inbox import nothing_open
from inbox.views.interactions import filters_of, render_item
from inbox.views.origin import origin_of
from inbox.views.request import ReviewerRequest, is_fragment
from inbox.views.typed_in import device_of, typed_in


@require_POST
async def respond(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Send the answer. Then the next item; or the same page again, with what is true and the text.

    422 for a value that is none, 409 for a question that is closed, held or changed, 503 where
    Mobius does not take it now, 404 for what is not the viewer's.
    """
    item, form = await sync_to_async(_parse)(request, id)
    seen = Seen.parse(form.sent_seen if form else "")
    if form is None or not form.is_valid():
        return await _refuse_value(request, item, form, seen)
    outcome = await service.respond(
        reviewer=request.user.reviewer,
        interaction_id=id,
        value=form.value,
        comment=form.cleaned_data["comment"],
        operation_id=form.sent_operation_id,
        seen=seen,
        origin=origin_of(request),
        typed_in=typed_in(request),
        found=(request.viewer, item),
    )
    message = await sync_to_async(answer_message)(
        outcome, request.viewer, draft_saved=form.has_text
    )
    if not outcome.done:
        return await _render_again(request, form, message)
    return await move_on(request, message)


async def move_on(request: ReviewerRequest, message: Message) -> HttpResponseBase:
    """The answer is in: say so, and open the next question of the list, or the list.

    For a swap it comes in this response: another request would wait behind those of the pages that
    the answer has changed.
    """
    messages.success(request, str(message))
    return await sync_to_async(_open_next)(request, message.outcome.subject, hub.cursor())


def _open_next(request: ReviewerRequest, answered: Interaction, cursor: str) -> HttpResponseBase:
    filters = after_answer(filters_of(request))
    item = next_item(request.viewer, answered.upstream, answered, filters)
    path = inbox_href(filters) if item is None else item_href(item.mobius_id, filters)
    if not is_fragment(request, "detail"):
        return HttpResponseRedirect(path, status=303)
    if item is None:
        response = nothing_open(request, filters, cursor)
    else:
        shows = TypedIn(device=device_of(request))
        response = render_item(request, item, cursor, shows=shows, filters=filters)
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, path)


def _parse(request: ReviewerRequest, id: str) -> tuple[Interaction, AnswerForm | None]:
    """The item and its form as sent, None for a mode that has no form."""
    try:
        item = draft.asked_item(request.viewer, id)
    except NotAsked:
        raise Http404("no such question") from None
    if not item.questions:
        return item, None
    question = Question.model_validate(item.questions[0])
    return item, form_for(question, request.POST, seen=seen_of(item))


async def _refuse_value(
    request: ReviewerRequest, item: Interaction, form: AnswerForm | None, seen: Seen
) -> HttpResponseBase:
    """A value that cannot be sent: kept as a draft, and wrong only where the question is open."""
    reviewer, id = request.user.reviewer, item.mobius_id
    saved = await sync_to_async(draft.save)(
        reviewer=reviewer,
        interaction_id=id,
        values=typed_of(request.POST),
        comment=comment_of(request.POST),
        typed_in=typed_in(request),
    )
    outcome = await service.what_is_true(reviewer=reviewer, interaction_id=id, seen=seen)
    if outcome is None:
        return await sync_to_async(render_item)(request, item, form=form, status=422)
    has_text = form is not None and form.has_text
    message = await sync_to_async(answer_message)(
        outcome, request.viewer, draft_saved=saved and has_text
    )
    return await _render_again(request, form, message)


async def _render_again(
    request: ReviewerRequest, form: AnswerForm | None, message: Message
) -> HttpResponseBase:
    item = message.outcome.subject
    page = await sync_to_async(render_item)(request, item, form=form, message=message)
    return message.tell_when(page)
