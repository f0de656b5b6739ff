from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
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
from inbox.answering import claiming, draft, guard
from inbox.answering import held as held_answers
from inbox.answering import respond as service
from inbox.answering.claiming import Verb
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import NotAsked, find_asked
from inbox.answering.shown_version import ShownVersion, shown_version_of
from inbox.live import hub
from inbox.models import Interaction
from inbox.web.interactions.views import filters_of, render_item
from inbox.web.questions.focus import next_in_focus
from inbox.web.questions.forms import (
    AnswerForm,
    comment_of,
    form_for,
    is_filled_in,
    questions_of,
    shown_version_in,
    storable,
    typed_of,
)
from inbox.web.questions.panes import at_the_end, nothing_open, render_list
from inbox.web.questions.place import after_answer, next_item
from inbox.web.ui.answer_sentences import with_title
from inbox.web.ui.batches import batch_lines
from inbox.web.ui.held import returned_lines
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import answer_message, claim_message, typed_message, undo_message
from inbox.web.ui.request import (
    ReviewerRequest,
    asking_page,
    is_fragment,
    operation_id_of,
    origin_of,
    typed_in,
)
from inbox.web.ui.scopes import FocusFilters, item_href

Operation = Callable[..., Awaitable[Outcome[Interaction]]]


@require_POST
async def claim(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """409 if someone else has claimed it, 404 if the viewer's group was not asked. ``back=inbox``
    comes from the list, which is then shown.
    """
    return await _run(request, id, claiming.claim)


@require_POST
async def release(request: ReviewerRequest, id: str) -> HttpResponseBase:
    return await _run(request, id, claiming.release)


async def _run(request: ReviewerRequest, id: str, operation: Operation) -> HttpResponseBase:
    saved = await sync_to_async(keep_typed)(request, id)
    outcome = await operation(
        reviewer=request.user.reviewer, interaction_id=id, origin=origin_of(request)
    )
    message = await sync_to_async(claim_message)(outcome, request.viewer, draft_saved=saved)
    script = bool(request.htmx)
    listed = request.POST.get("back") == "inbox"
    if outcome.done:
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
    """True if there was any text and it was saved."""
    values, comment, form = typed_of(request.POST), comment_of(request.POST), typed_in(request)
    if not values and not comment:
        return False
    item = find_asked(request.viewer, id, request.upstream)
    if not form.base and is_filled_in(item, request.viewer.mobius_id, values, comment):
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
    """Send or hold the answer and open the next question.

    Otherwise show the question with what was typed: 422 for an invalid value, and to ask for
    confirmation; 409 if it is closed, changed or claimed by someone else; 503 if Mobius doesn't
    accept answers now. 404 if the viewer was not asked.
    """
    item, form = await sync_to_async(_parse)(request, id)
    shown = ShownVersion.parse(form.sent_version if form else "")
    if form is None or not form.is_valid():
        return await _show_again(request, item, form, shown)
    sent = _form_sent(request, form)
    reviewer, now = request.user.reviewer, timezone.now()
    if sent is not None and not sent.confirmed and guard.asks_first(reviewer, item, now, sent):
        form.ask()
        return await _show_again(request, item, form, shown)
    hold_for = guard.wait_of(reviewer, item, now, sent)
    outcome = await _send(request, item, form, shown, hold_for)
    return await sync_to_async(_show_outcome)(request, form, outcome)


def _form_sent(request: ReviewerRequest, form: AnswerForm) -> guard.Form | None:
    """None if a script sent the answer."""
    if "guard" not in request.POST:
        return None
    return guard.Form(
        guard=request.POST["guard"],
        suggested=bool(request.POST.get("suggested")),
        confirmed=form.confirmed,
    )


async def _send(
    request: ReviewerRequest,
    item: Interaction,
    form: AnswerForm,
    shown: ShownVersion,
    hold_for: timedelta | None,
) -> Outcome[Interaction]:
    return await service.respond(
        reviewer=request.user.reviewer,
        interaction_id=item.mobius_id,
        answers=form.answers,
        comment=form.cleaned_data["comment"],
        operation_id=form.sent_operation_id,
        shown=shown,
        origin=origin_of(request),
        typed_in=typed_in(request),
        viewer_and_item=(request.viewer, item),
        hold_for=hold_for,
    )


def _show_outcome(
    request: ReviewerRequest, form: AnswerForm, outcome: Outcome[Interaction]
) -> HttpResponseBase:
    message = answer_message(outcome, request.viewer, draft_saved=form.has_text)
    return move_on(request, message) if outcome.done else _render_again(request, form, message)


def move_on(request: ReviewerRequest, message: Message) -> HttpResponseBase:
    """For htmx, the next question is part of this response: another request would wait behind the
    requests of all pages that the answer has changed.
    """
    if message.outcome.kind is not Kind.WAITING:
        messages.success(request, with_title(message.outcome.subject, str(message)))
    return open_next(request, message.outcome.subject, hub.cursor())


def open_next(request: ReviewerRequest, answered: Interaction, cursor: str) -> HttpResponseBase:
    filters = after_answer(filters_of(request))
    if isinstance(filters, FocusFilters):
        item = next_in_focus(request.own, answered, filters)
        none_left = partial(at_the_end, request, filters, cursor)
    else:
        shown = read_numbers(request.POST.get("shown", ""))
        item = next_item(request.own, answered, filters, shown)
        none_left = partial(nothing_open, request, filters, cursor)
    path = filters.href() if item is None else item_href(item.mobius_id, filters)
    if not is_fragment(request, "detail"):
        return HttpResponseRedirect(path, status=303)
    if item is not None:
        response = render_item(request, item, cursor, filters=filters)
    else:
        response = none_left()
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, path)


def _parse(request: ReviewerRequest, id: str) -> tuple[Interaction, AnswerForm | None]:
    """No form if the questions have none."""
    item = find_asked(request.viewer, id, request.upstream)
    return item, _form_of(request, item)


def _form_of(request: ReviewerRequest, item: Interaction) -> AnswerForm | None:
    return form_for(
        questions_of(item),
        request.POST,
        shown_version=shown_version_of(item),
        reason_to_reject=item.needs_reason_to_reject,
    )


async def _show_again(
    request: ReviewerRequest, item: Interaction, form: AnswerForm | None, shown: ShownVersion
) -> HttpResponseBase:
    reviewer, id = request.user.reviewer, item.mobius_id
    saved = await sync_to_async(draft.save)(
        reviewer=reviewer,
        interaction_id=id,
        values=typed_of(request.POST),
        comment=comment_of(request.POST),
        typed_in=typed_in(request),
    )
    outcome = await service.read_and_check(reviewer=reviewer, interaction_id=id, shown=shown)
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
    """Sends nothing. ``sent`` is the request that failed: ``respond``, ``claim`` or ``release``.
    The form comes along, so that the same operation can be sent again.
    """
    sent = request.POST.get("sent", "")
    if sent not in SENT:
        raise Http404("nothing to check")
    form, saved = await sync_to_async(_form_to_resend)(request, id, sent)
    outcome = await _outcome(request, id, sent)
    message_of = answer_message if sent == "respond" else claim_message
    message = await sync_to_async(message_of)(outcome, request.viewer, draft_saved=saved)
    return await sync_to_async(_show_checked)(request, sent, form, message)


def _show_checked(
    request: ReviewerRequest, sent: str, form: AnswerForm | None, message: Message
) -> HttpResponseBase:
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


def _form_to_resend(request: ReviewerRequest, id: str, sent: str) -> tuple[AnswerForm | None, bool]:
    """For an answer, the form has the same operation ID."""
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
        shown=ShownVersion.parse(shown_version_in(request.POST)),
    )


@require_POST
def undo(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """409 if it is too late or nothing is held, 404 if the question is not the viewer's."""
    cursor = hub.cursor()
    outcome = held_answers.undo(reviewer=request.user.reviewer, interaction_id=id)
    seen = access.sees(request.viewer, outcome.subject)
    message = undo_message(outcome, sees=seen)
    return _show_undone(request, outcome, cursor, seen, str(message))


UNDONE_TOGETHER = 50
"""The most answers that one request undoes."""


@require_POST
def undo_typed(request: ReviewerRequest) -> HttpResponseBase:
    """Undo answers that were given by typing. 409 if it is too late for all of them, 404 if none is
    the viewer's.
    """
    cursor = hub.cursor()
    outcomes = []
    for id in dict.fromkeys(request.POST.getlist("id")[:UNDONE_TOGETHER]):
        with suppress(NotAsked):
            outcomes.append(
                held_answers.undo(reviewer=request.user.reviewer, interaction_id=storable(id))
            )
    if not outcomes:
        raise Http404("nothing to undo")
    first = next((outcome for outcome in outcomes if outcome.done), outcomes[0])
    seen = access.sees(request.viewer, first.subject)
    return _show_undone(request, first, cursor, seen, typed_message(outcomes))


def _show_undone(
    request: ReviewerRequest,
    outcome: Outcome[Interaction],
    cursor: str,
    seen: bool,
    text: str,
) -> HttpResponseBase:
    """``seen``: the viewer still sees the question."""
    item, filters = outcome.subject, filters_of(request)
    # Not in the question itself, which reloads when the answer arrives.
    messages.add_message(request, messages.SUCCESS if outcome.done else messages.WARNING, text)
    if outcome.done and (not seen or not is_fragment(request, "detail")):
        path = item_href(item.mobius_id, filters) if seen else reverse("inbox")
        return HttpResponseRedirect(path, status=303)
    status = 200 if outcome.done else 409
    response = render_item(request, item, cursor, status=status, filters=filters)
    response["HX-Reswap"] = "outerHTML show:top"  # reswap takes no modifiers
    return push_url(response, item_href(item.mobius_id, filters))


@require_safe
def held(request: ReviewerRequest) -> HttpResponse:
    page = asking_page(request)
    context = {
        "held": request.own.held,
        "guard": guard.choice_of(request.user.reviewer).guard,
        "returned": returned_lines(request.viewer, request.upstream),
        "batches": batch_lines(request.own.batches),
        "beside_list": page is not None and page.url_name in ("inbox", "interaction", "focus"),
    }
    return render(request, "interactions/_held_parts.html", context)
