from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from inbox.answering import nudge as service
from inbox.answering.outcome import Outcome
from inbox.live import hub
from inbox.mirror import freshness
from inbox.models import Interaction
from inbox.web.blocked.page import blocked_context
from inbox.web.blocked.queries import BlockedFilters
from inbox.web.questions.nudging import Nudge, nudge_href, nudged_words
from inbox.web.ui.frame import render_page
from inbox.web.ui.messages import Message
from inbox.web.ui.outcome_messages import nudge_message
from inbox.web.ui.request import ReviewerRequest, lead_required, origin_of


@require_safe
@lead_required
def blocked(request: ReviewerRequest) -> HttpResponseBase:
    return _page(request, BlockedFilters.read(request.GET))


@require_POST
@lead_required
def nudge(request: ReviewerRequest, id: str) -> HttpResponseBase:
    """``back`` is the page with the button. 409 if it is too soon or the person can no longer be
    nudged, 404 if they were not asked.
    """
    outcome = service.nudge(
        reviewer=request.user.reviewer,
        interaction_id=id,
        user_id=request.POST.get("user_id", ""),
        origin=origin_of(request),
    )
    return _render_outcome(request, id, outcome)


def _render_outcome(
    request: ReviewerRequest, id: str, outcome: Outcome[Interaction]
) -> HttpResponseBase:
    back, now = _back(request), timezone.now()
    message = nudge_message(outcome, now)
    if request.htmx:
        user = request.POST.get("user_id", "")
        words = nudged_words(outcome.at or now) if outcome.done else str(message)
        nudge = Nudge("done" if outcome.done else "not", user, user, nudge_href(id), words)
        context = {"nudge": nudge, "back": back}
        return render(request, "blocked/_nudge.html", context, status=message.status)
    page = urlsplit(back)
    if page.path == reverse("blocked") and not outcome.done:
        return _page(request, BlockedFilters.read(QueryDict(page.query)), message=message)
    add = messages.success if outcome.done else messages.warning
    add(request, str(message))
    return HttpResponseRedirect(back, status=303)


def _back(request: ReviewerRequest) -> str:
    back = request.POST.get("back", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return str(back)
    return reverse("blocked")


def _page(
    request: ReviewerRequest,
    filters: BlockedFilters,
    *,
    message: Message | None = None,
) -> HttpResponse:
    cursor = hub.cursor()
    context = {
        **blocked_context(request.viewer, request.upstream, filters, timezone.now()),
        "message": message,
        "back": filters.href(),
        "live_cursor": cursor,
        "freshness": freshness.current(),
    }
    return render_page(
        request,
        "blocked/blocked.html",
        context,
        section="blocked",
        parts={"blocked": "blocked/_blocked.html"},
        status=200 if message is None else message.status,
    )
