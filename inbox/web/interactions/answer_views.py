"""Views that answer, claim or release a question, check whether that succeeded, or undo an answer
that is held; and the part of every page that shows the held ones.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import push_url

from inbox import access
from inbox.live import hub
from inbox.models import Interaction
from inbox.services import claiming, draft, guard, sending
from inbox.services import respond as service
from inbox.services.claiming import Verb
from inbox.services.draft import TypedIn
from inbox.services.outcome import Kind, Outcome
from inbox.services.question import find_asked
from inbox.services.seen import Seen, seen_of
from inbox.web.inbox.focus import next_in_focus
from inbox.web.inbox.place import after_answer, next_item
from inbox.web.inbox.views import at_the_end, nothing_open, render_list
from inbox.web.interactions.forms import (
    AnswerForm,
    asked_question,
    comment_of,
    form_for,
    is_filled_in,
    typed_of,
)
from inbox.web.interactions.messages import answer_message, claim_message, undo_message, with_title
from inbox.web.interactions.views import filters_of, render_item
from inbox.web.ui.batches import batch_lines, shown_batches
from inbox.web.ui.frame import own_held
from inbox.web.ui.held import returned_lines
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.messages import Message
from inbox.web.ui.request import (
    ReviewerRequest,
    asking_page,
    device_of,
    is_fragment,
    operation_id_of,
    origin_of,
    typed_in,
)
from inbox.web.ui.scopes import FocusFilters, item_href

Operation = Callable[..., Awaitable[Outcome[Interaction]]]


@require_POST
async def claim(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Claim the question, then show it again with what was typed.

    409 with a name if someone else has claimed it, 404 if the viewer's group was not asked.
    ``back=inbox`` comes from the buttons of the list, which is then shown instead.
    """
    return await _run(request, id, claiming.claim)


@require_POST
async def release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Release the question; responds like ``claim``."""
    return await _run(request, id, claiming.release)


async def _run(request: ReviewerRequest, id: str, operation: Operation) -> HttpResponseBase:
    saved = await sync_to_async(keep_typed)(request, id)
    outcome = await operation(
        reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
    )
    message = await sync_to_async(claim_message)(outcome, request.viewer, draft_saved=saved)
    script = bool(request.htmx)
    listed = request.POST.get("back") == "inbox"
    if outcome.done and (listed or not script):
        messages.success(request, str(message))
    if listed and script:
        return await sync_to_async(render_list)(request, filters_of(request), message=message)
    if outcome.done and not script:
        filters = filters_of(request)
        path = filters.href() if listed else item_href(id, filters)
        return HttpResponseRedirect(path, status=303)
    shown = None if outcome.done else message
    return await sync_to_async(render_item)(request, outcome.subject, message=shown)


def keep_typed(request: ReviewerRequest, id: str) -> bool:
    """Save what was typed in the answer form, which the button sends along.

    Returns whether there was any text and it was saved.
    """
    values, comment, form = typed_of(request.POST), comment_of(request.POST), typed_in(request)
    if not any(values) and not comment:
        return False
    item = find_asked(request.viewer, id, request.upstream)
    if not form.base and is_filled_in(item, values, comment):
        return False
    return draft.save(
        reviewer=request.user.reviewer,
        interaction_id=id,
        values=values,
        comment=comment,
        typed_in=form,
    )


@require_POST
async def respond(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Send the answer and open the next question.

    With *Send with undo* it is held, and sent later. If it fails, show the question again with what
    was typed: 422 for an invalid value; 409 if the question is closed, changed or claimed by
    someone else; 503 if Mobius doesn't accept answers now. 404 if the viewer was not asked.
    """
    item, form = await sync_to_async(_parse)(request, id)
    seen = Seen.parse(form.sent_seen if form else "")
    if form is None or not form.is_valid():
        return await _refuse_value(request, item, form, seen)
    outcome = await _send(request, item, form, seen)
    return await sync_to_async(_show_outcome)(request, form, outcome)


async def _send(
    request: ReviewerRequest, item: Interaction, form: AnswerForm, seen: Seen
) -> Outcome[Interaction]:
    return await service.respond(
        reviewer=request.user.reviewer,
        interaction_id=item.mobius_id,
        value=form.value,
        comment=form.cleaned_data["comment"],
        operation_id=form.sent_operation_id,
        seen=seen,
        origin=origin_of(request),
        typed_in=typed_in(request),
        viewer_and_item=(request.viewer, item),
        hold_for=guard.wait_of(
            request.user.reviewer, item, timezone.now(), used=request.POST.get("guard", "")
        ),
    )


def _show_outcome(
    request: ReviewerRequest, form: AnswerForm, outcome: Outcome[Interaction]
) -> HttpResponseBase:
    message = answer_message(outcome, request.viewer, draft_saved=form.has_text)
    return move_on(request, message) if outcome.done else _render_again(request, form, message)


def move_on(request: ReviewerRequest, message: Message) -> HttpResponseBase:
    """Confirm the answer and open the next question of the list, or the list if there is none.

    For htmx it is part of this response: another request would wait behind the requests of all
    pages that the answer has changed. A held answer is confirmed by the page, which offers to undo
    it.
    """
    if message.outcome.kind is not Kind.WAITING:
        messages.success(request, with_title(message.outcome.subject, str(message)))
    return open_next(request, message.outcome.subject, hub.cursor())


def open_next(request: ReviewerRequest, answered: Interaction, cursor: str) -> HttpResponseBase:
    """The next question of the list, or the list if there is none, after ``answered``."""
    filters = after_answer(filters_of(request))
    viewer, upstream = request.viewer, answered.upstream
    if isinstance(filters, FocusFilters):
        item = next_in_focus(viewer, upstream, answered, filters)
        none_left = partial(at_the_end, request, filters, cursor)
    else:
        shown = read_numbers(request.POST.get("shown", ""))
        item = next_item(viewer, upstream, answered, filters, shown)
        none_left = partial(nothing_open, request, filters, cursor)
    path = filters.href() if item is None else item_href(item.mobius_id, filters)
    if not is_fragment(request, "detail"):
        return HttpResponseRedirect(path, status=303)
    if item is None:
        response = none_left()
    else:
        shows = TypedIn(device=device_of(request))
        response = render_item(request, item, cursor, shows=shows, filters=filters)
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, path)


def _parse(request: ReviewerRequest, id: str) -> tuple[Interaction, AnswerForm | None]:
    """The question and its form as sent; no form if the mode has none."""
    item = find_asked(request.viewer, id, request.upstream)
    return item, _form_of(request, item)


def _form_of(request: ReviewerRequest, item: Interaction) -> AnswerForm | None:
    question = asked_question(item)
    if question is None:
        return None
    return form_for(
        question,
        request.POST,
        seen=seen_of(item),
        reason_to_reject=item.needs_reason_to_reject,
    )


async def _refuse_value(
    request: ReviewerRequest, item: Interaction, form: AnswerForm | None, seen: Seen
) -> HttpResponseBase:
    """Save an invalid value as a draft, and show its errors if the question is still open."""
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
    return await sync_to_async(_render_again)(request, form, message)


def _render_again(
    request: ReviewerRequest, form: AnswerForm | None, message: Message
) -> HttpResponseBase:
    item = message.outcome.subject
    page = render_item(request, item, form=form, message=message)
    return message.add_retry_after(page)


SENT = ("respond", *Verb)
"""Names of the paths that a request to check can have been sent to."""


@require_POST
async def check(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Read the question and show its state; if it is still open, offer *Send again*.

    ``sent`` is the request that failed: ``respond``, ``claim`` or ``release``. The form is sent
    along, so that the text is kept and the same operation can be sent again. This view itself
    sends nothing.
    """
    sent = request.POST.get("sent", "")
    if sent not in SENT:
        raise Http404("nothing to check")
    form, saved = await sync_to_async(_kept)(request, id, sent)
    outcome = await _outcome(request, id, sent)
    message_of = answer_message if sent == "respond" else claim_message
    message = await sync_to_async(message_of)(outcome, request.viewer, draft_saved=saved)
    return await sync_to_async(_show_checked)(request, sent, form, message)


def _show_checked(
    request: ReviewerRequest, sent: str, form: AnswerForm | None, message: Message
) -> HttpResponseBase:
    """Move on if the answer was received. Otherwise show the question or the list, which offers
    *Send again* if nothing was received.
    """
    outcome = message.outcome
    if outcome.done and sent == "respond":
        return move_on(request, message)
    resend = sent if outcome.kind is Kind.NOT_RECORDED else ""
    if request.POST.get("back") == "inbox":
        filters = filters_of(request)
        return render_list(request, filters, message=message, resend=resend, status=200)
    return render_item(
        request,
        outcome.subject,
        form=form,
        message=None if outcome.done else message,
        resend=resend,
        status=200,
    )


def _kept(request: ReviewerRequest, id: str, sent: str) -> tuple[AnswerForm | None, bool]:
    """Save the typed text; for an answer, its form with the same operation ID."""
    item = find_asked(request.viewer, id, request.upstream)
    saved = keep_typed(request, id)
    form = _form_of(request, item) if sent == "respond" else None
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


@require_POST
def undo(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Undo the viewer's held answer, and show the question with that text in its form. 409 if it is
    too late or nothing is held, 404 if the question is not the viewer's.
    """
    cursor = hub.cursor()
    outcome = sending.undo(reviewer=request.user.reviewer, interaction_id=id)
    item, filters = outcome.subject, filters_of(request)
    seen = access.sees(request.viewer, item)
    message = undo_message(outcome, sees=seen)
    # Not in the question itself, which reloads when the answer arrives.
    messages.add_message(
        request, messages.SUCCESS if outcome.done else messages.WARNING, str(message)
    )
    if outcome.done and (not seen or not is_fragment(request, "detail")):
        path = item_href(id, filters) if seen else reverse("inbox")
        return HttpResponseRedirect(path, status=303)
    newest = TypedIn(device=device_of(request))
    response = render_item(
        request, item, cursor, status=message.status, shows=newest, filters=filters
    )
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, item_href(id, filters))


@require_safe
def held(request: ReviewerRequest) -> HttpResponse:
    """The viewer's held answers, and beside the list those that could not be sent."""
    upstream, page = request.upstream, asking_page(request)
    batches = shown_batches(request.viewer, upstream)
    context = {
        "held": own_held(request, batches),
        "guard": guard.choice_of(request.user.reviewer).guard,
        "returned": returned_lines(request.viewer, upstream),
        "batches": batch_lines(batches),
        "beside_list": page is not None and page.url_name in ("inbox", "interaction", "focus"),
    }
    return render(request, "interactions/_held_parts.html", context)
