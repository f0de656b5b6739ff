import sys
from typing import Any

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from inbox.lib.outage import is_disk_full, is_outage
from inbox.mirror import database
from inbox.models import Attempt
from inbox.web.account.signed_out import Kept, kept_at_sign_in, kept_of_form

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
RETRY_AFTER = 10
"""``Retry-After`` while the database is unavailable, in seconds."""
UNSENT = "Reviewer-Inbox-Unsent"
"""A header that tells ``static/js/failures.js`` that the answer was certainly not sent."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """413 for too large a form, else 400. A session that cannot be saved comes here too."""
    if is_outage(exception):
        return _without_database(request, exception)
    if isinstance(exception, TOO_LARGE):
        return _page(request, "413.html", 413)
    return _page(request, "400.html", 400)


def refused_body(request: HttpRequest, status: int) -> HttpResponse:
    """For a request whose body was not read (``inbox.lib.request_body``)."""
    return _page(request, f"{status}.html", status)


def not_allowed(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    """Django's response is empty."""
    response = _page(request, "405.html", 405)
    response["Allow"] = refusal["Allow"]
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """503 where the database cannot be used, else 500."""
    error = sys.exception()
    if is_outage(error):
        return _without_database(request, error)
    return _failed(request, "500.html", 500)


def _without_database(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    database.watch.check_after(error)
    response = _failed(request, "503.html", 503, disk_full=is_disk_full(error))
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _failed(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    """An answer that may have arrived has a page of its own, which leads to its question."""
    context["kept"], match = _typed(request), request.resolver_match
    if match is None or match.url_name != "respond":
        return _page(request, template, status, **context)
    if _may_be_sent(request, match.kwargs["id"]):
        return _page(request, "unconfirmed.html", status, **context, question=match.kwargs["id"])
    response = _page(request, template, status, **context, unsent=True)
    response[UNSENT] = "1"
    return response


def _may_be_sent(request: HttpRequest, interaction_id: str) -> bool:
    """The attempt is stored before the answer is sent."""
    viewer = getattr(request, "viewer", None)
    operation_id = request.POST.get("operation_id", "")
    if viewer is None or not operation_id:
        return True
    try:
        attempt = Attempt.objects.filter(
            reviewer__user=viewer.user_id, interaction_id=interaction_id, operation_id=operation_id
        ).first()
    except DatabaseError:
        return True
    return attempt is not None and (attempt.sent or attempt.state == Attempt.State.HELD)


def _typed(request: HttpRequest) -> Kept | None:
    try:
        return kept_of_form(request) or kept_at_sign_in(request)
    except SuspiciousOperation:
        return None


def _page(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    """No context processors: they may need what has failed."""
    return HttpResponse(render_to_string(template, {"request": request, **context}), status=status)
