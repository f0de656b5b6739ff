"""Shows one masked value, in one response only."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from inbox.answering import reveal as service
from inbox.lib.bidi import show_overrides
from inbox.web.ui.frame import render_page
from inbox.web.ui.request import ReviewerRequest, origin_of
from inbox.web.ui.values import compact


@require_POST
@sensitive_variables()
def in_question(request: ReviewerRequest, id: str) -> HttpResponse:
    path = request.POST.get("path", "")
    value = service.reveal_in_question(
        reviewer=request.user.reviewer, interaction_id=id, path=path, origin=origin_of(request)
    )
    return _revealed(request, value, path, reverse("interaction", args=[id]))


@require_POST
@sensitive_variables()
def in_run(request: ReviewerRequest, id: str) -> HttpResponse:
    path = request.POST.get("path", "")
    value = service.reveal_in_run(
        reviewer=request.user.reviewer, run_id=id, path=path, origin=origin_of(request)
    )
    return _revealed(request, value, path, reverse("run", args=[id]))


@sensitive_variables()
def _revealed(request: ReviewerRequest, value: Any, path: str, back: str) -> HttpResponse:
    """Without JavaScript, on a page of its own."""
    text = show_overrides(value if isinstance(value, str) else compact(value))
    context = {"value": text, "path": path, "back": back}
    if request.htmx:
        response = render(request, "reveal/_value.html", context)
    else:
        response = render_page(request, "reveal/revealed.html", context, section="")
    response["Cache-Control"] = "no-store"
    return response
