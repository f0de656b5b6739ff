"""What became of an answer, a claim or a release whose response never reached the browser."""

from asgiref.sync import sync_to_async
from django.http import Http404, HttpResponseBase
from django.views.decorators.http import require_POST

from inbox.forms import AnswerForm, form_for
from inbox.forms.operation import operation_id_of
from inbox.mobius.types import Question
from inbox.models import Interaction
from inbox.presenters.messages.answer import answer_message
from inbox.presenters.messages.claim import claim_message
from inbox.services import claiming, draft, respond
from inbox.services.claiming import Verb
from inbox.services.draft import NotAsked
from inbox.services.outcome import Kind, Outcome
from inbox.services.seen import Seen, seen_of
from inbox.views.claiming import keep_typed
from inbox.views.inbox import render_list
from inbox.views.interactions import filters_of, render_item
from inbox.views.request import ReviewerRequest
from inbox.views.respond import move_on

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
    item = draft.asked_item(request.viewer, id)
    saved = keep_typed(request, id)
    if sent != "respond" or not item.questions:
        return None, saved
    question = Question.model_validate(item.questions[0])
    form = form_for(question, request.POST, seen=seen_of(item))
    return form, saved and form is not None and form.has_text


async def _outcome(request: ReviewerRequest, id: str, sent: str) -> Outcome[Interaction]:
    reviewer = request.user.reviewer
    if sent != "respond":
        return await claiming.look(Verb(sent), reviewer=reviewer, interaction_id=id)
    return await respond.look(
        reviewer=reviewer,
        interaction_id=id,
        operation_id=operation_id_of(request.POST.get("operation_id", "")),
        seen=Seen.parse(request.POST.get("seen", "")),
    )
