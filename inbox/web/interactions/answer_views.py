"""Answering a question, claiming and releasing it, and checking what became of either."""

from collections.abc import Awaitable, Callable

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_POST
from django_htmx.http import push_url

from inbox.live import hub
from inbox.mobius.types import Question
from inbox.models import Interaction
from inbox.services import claiming, draft
from inbox.services import respond as service
from inbox.services.claiming import Verb
from inbox.services.draft import TypedIn
from inbox.services.outcome import Kind, Outcome
from inbox.services.question import NotAsked, find_asked
from inbox.services.seen import Seen, seen_of
from inbox.web.inbox.place import after_answer, next_item
from inbox.web.inbox.views import nothing_open, render_list
from inbox.web.interactions.forms import AnswerForm, comment_of, form_for, operation_id_of, typed_of
from inbox.web.interactions.messages import answer_message, claim_message
from inbox.web.interactions.views import filters_of, render_item
from inbox.web.ui.messages import Message
from inbox.web.ui.request import ReviewerRequest, device_of, is_fragment, origin_of, typed_in
from inbox.web.ui.scopes import item_href

Operation = Callable[..., Awaitable[Outcome[Interaction]]]


@require_POST
async def claim(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Take the question, then the same page again: who has it now, and what is typed.

    409 with the holder named where somebody else has it, 404 for what is not the viewer's group's.
    ``back=inbox`` is a press in the list, which comes back.
    """
    return await _run(request, id, claiming.claim)


@require_POST
async def release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Give the question back; answered as ``claim``."""
    return await _run(request, id, claiming.release)


async def _run(request: ReviewerRequest, id: str, operation: Operation) -> HttpResponseBase:
    try:
        saved = await sync_to_async(keep_typed)(request, id)
        outcome = await operation(
            reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
        )
    except NotAsked:
        raise Http404("no such question") from None
    message = await sync_to_async(claim_message)(outcome, request.viewer, draft_saved=saved)
    script = bool(request.htmx)
    listed = request.POST.get("back") == "inbox"
    if outcome.done and (listed or not script):
        messages.success(request, str(message))
    if listed and script:
        return await sync_to_async(render_list)(request, filters_of(request), message=message)
    if outcome.done and not script:
        return HttpResponseRedirect(_back(request, id, listed=listed), status=303)
    shown = None if outcome.done else message
    return await sync_to_async(render_item)(request, outcome.subject, message=shown)


def keep_typed(request: ReviewerRequest, id: str) -> bool:
    """The button sends the answer form along: what is in it stays, whatever comes of the press.

    Whether the server has a text now that was typed.
    """
    values, comment = typed_of(request.POST), comment_of(request.POST)
    if not any(values) and not comment:
        return False
    return draft.save(
        reviewer=request.user.reviewer,
        interaction_id=id,
        values=values,
        comment=comment,
        typed_in=typed_in(request),
    )


def _back(request: ReviewerRequest, id: str, *, listed: bool) -> str:
    filters = filters_of(request)
    return filters.href() if listed else item_href(id, filters)


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
        viewer_and_item=(request.viewer, item),
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
    path = filters.href() if item is None else item_href(item.mobius_id, filters)
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
        item = find_asked(request.viewer, id)
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
    outcome = await service.check_answerable(reviewer=reviewer, interaction_id=id, seen=seen)
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


SENT = ("respond", *Verb)
"""Names of the paths that the request may have gone to."""


@require_POST
async def check(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Read the question and show what is true; where it is still open, offer *Send again*.

    ``sent`` is what was sent: ``respond``, ``claim`` or ``release``. The form comes along, so that
    the typed text is kept and the same operation can be sent again. Nothing is sent from here.
    """
    sent = request.POST.get("sent", "")
    if sent not in SENT:
        raise Http404("nothing to check")
    try:
        form, saved = await sync_to_async(_kept)(request, id, sent)
        outcome = await _outcome(request, id, sent)
    except NotAsked:
        raise Http404("no such question") from None
    word = answer_message if sent == "respond" else claim_message
    message = await sync_to_async(word)(outcome, request.viewer, draft_saved=saved)
    if outcome.done and sent == "respond":
        return await move_on(request, message)
    resend = sent if outcome.kind is Kind.NOT_RECORDED else ""
    if request.POST.get("back") == "inbox":
        filters = filters_of(request)
        return await sync_to_async(render_list)(
            request, filters, message=message, resend=resend, status=200
        )
    return await sync_to_async(render_item)(
        request,
        outcome.subject,
        form=form,
        message=None if outcome.done else message,
        resend=resend,
        status=200,
    )


def _kept(request: ReviewerRequest, id: str, sent: str) -> tuple[AnswerForm | None, bool]:
    """Save the typed text; for an answer, its form with the same operation id."""
    item = find_asked(request.viewer, id)
    saved = keep_typed(request, id)
    if sent != "respond" or not item.questions:
        return None, saved
    question = Question.model_validate(item.questions[0])
    form = form_for(question, request.POST, seen=seen_of(item))
    return form, saved and form is not None and form.has_text


async def _outcome(request: ReviewerRequest, id: str, sent: str) -> Outcome[Interaction]:
    reviewer = request.user.reviewer
    if sent != "respond":
        return await claiming.recheck(Verb(sent), reviewer=reviewer, interaction_id=id)
    return await service.recheck(
        reviewer=reviewer,
        interaction_id=id,
        operation_id=operation_id_of(request.POST.get("operation_id", "")),
        seen=Seen.parse(request.POST.get("seen", "")),
    )
