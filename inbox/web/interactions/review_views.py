from asgiref.sync import sync_to_async
from django.http import HttpResponseBase
from django.views.decorators.http import require_POST

from inbox.answering import draft, reviewing
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import find_own
from inbox.answering.reviewing import Review, Verb
from inbox.models import Interaction
from inbox.web.interactions.answer_views import move_on
from inbox.web.interactions.views import render_item
from inbox.web.questions.review_form import ReviewForm
from inbox.web.ui.outcome_messages import review_message
from inbox.web.ui.request import ReviewerRequest, origin_of, typed_in


@require_POST
async def review(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """``value`` is ``accept`` or ``request_changes``. Opens the next question.

    Otherwise show the question with what was typed: 422 for changes without a comment, and to ask
    for confirmation; 409 if it is not in review, was submitted again or is the viewer's own work;
    503 if Mobius doesn't accept it now. 404 if the viewer has no part in it, or it isn't reviewed.
    """
    item, form = await sync_to_async(_parse)(request, id)
    saved = await sync_to_async(_save)(request, item, form)
    if not form.is_valid():
        return await sync_to_async(render_item)(request, item, review=form, status=422)
    if "guard" in request.POST and not form.confirmed:
        form.ask()
        return await sync_to_async(render_item)(request, item, review=form, status=422)
    outcome = await reviewing.review(_review(request, item, form))
    return await sync_to_async(_show)(request, form, outcome, saved)


@require_POST
async def check(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """Sends nothing: whether the review that the form has was received."""
    item, form = await sync_to_async(_parse)(request, id)
    saved = await sync_to_async(_save)(request, item, form)
    if not form.is_valid():
        return await sync_to_async(render_item)(request, item, review=form, status=200)
    outcome = await reviewing.recheck(_review(request, item, form))
    return await sync_to_async(_show)(request, form, outcome, saved, checked=True)


def _parse(request: ReviewerRequest, id: str) -> tuple[Interaction, ReviewForm]:
    item = find_own(request.viewer, id, request.upstream)
    reviewing.must_be_reviewed(item)
    return item, ReviewForm(item, request.POST)


def _save(request: ReviewerRequest, item: Interaction, form: ReviewForm) -> bool:
    """True if there was any text and it was saved."""
    comment = form.shown_comment
    return bool(comment) and draft.save(
        reviewer=request.user.reviewer,
        interaction_id=item.mobius_id,
        values={},
        comment=comment,
        typed_in=typed_in(request),
    )


def _review(request: ReviewerRequest, item: Interaction, form: ReviewForm) -> Review:
    return Review(
        reviewer=request.user.reviewer,
        interaction_id=item.mobius_id,
        verb=Verb(form.cleaned_data["value"]),
        comment=form.cleaned_data["comment"].strip(),
        round=form.shown_round,
        origin=origin_of(request),
    )


def _show(
    request: ReviewerRequest,
    form: ReviewForm,
    outcome: Outcome[Interaction],
    saved: bool,
    *,
    checked: bool = False,
) -> HttpResponseBase:
    message = review_message(outcome, request.viewer, draft_saved=saved)
    if outcome.done:
        return move_on(request, message)
    item = outcome.subject
    form = ReviewForm(item, request.POST)
    page = render_item(
        request,
        item,
        review=form,
        message=message,
        resend="review" if outcome.kind is Kind.NOT_RECORDED else "",
        status=200 if checked else None,
    )
    return message.add_retry_after(page)
