"""While answers are held, the person decides about them before signing out."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from inbox.answering import batches, held
from inbox.answering.outcome import Kind
from inbox.people import push_browsers
from inbox.people.sessions import sign_out_everywhere
from inbox.web.ui.held import HeldAnswer
from inbox.web.ui.lists import read_numbers
from inbox.web.ui.request import ReviewerRequest


@require_POST
def sign_out(request: ReviewerRequest) -> HttpResponseBase:
    if (page := _held_first(request)) is not None:
        return page
    push_browsers.signed_out(request, request.user.reviewer)
    logout(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL, status=303)


@require_POST
def end_sessions(request: ReviewerRequest) -> HttpResponseBase:
    """Open streams end within seconds."""
    if (page := _held_first(request)) is not None:
        return page
    sign_out_everywhere(request.user)
    logout(request)
    return HttpResponseRedirect(settings.LOGOUT_REDIRECT_URL, status=303)


def _held_first(request: ReviewerRequest) -> HttpResponse | None:
    """None if there is nothing to ask or to say. The form names the answers that its page was
    about, so that later ones are asked about too.
    """
    ids = request.POST.getlist("held")
    numbers = read_numbers(".".join(request.POST.getlist("batch")))
    if "undo" in request.POST and (sent := _undo(request, ids, numbers)):
        return render(request, "account/sign_out.html", {"sent": sent}, status=409)
    held = [
        answer
        for answer in _held(request)
        if (answer.batch not in numbers if answer.batch else answer.id not in ids)
    ]
    if not held:
        return None
    several = len(held) > 1 or held[0].batch
    context = {"held": held, "count": 2 if several else 1}
    return render(request, "account/sign_out.html", context, status=422)


def _undo(request: ReviewerRequest, ids: list[str], numbers: list[int]) -> int:
    """Returns how many were too late; a batch counts as one."""
    late = 0
    for id_ in ids:
        outcome = held.undo(reviewer=request.user.reviewer, interaction_id=id_)
        late += outcome.kind is Kind.TOO_LATE
    own = batches.batches_of(request.user.reviewer, request.upstream).filter(pk__in=numbers)
    for batch in own:
        late += not (batches.undo(batch) or batch.previewed)
    return late


def _held(request: ReviewerRequest) -> list[HeldAnswer]:
    return [answer for answer in request.own.held if answer.left]
