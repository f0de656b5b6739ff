"""The pages for requests that failed."""

import sys
from typing import Any

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from inbox.mirror import database
from inbox.outage import is_outage
from inbox.web.account.signed_out import Kept, kept_at_sign_in, kept_of_form

TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
RETRY_AFTER = 10
"""``Retry-After`` while the database is unavailable, in seconds."""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler for a request that cannot be read: 413 for too large a form, else 400.

    A session that cannot be saved comes here too.
    """
    if is_outage(exception):
        return _without_database(request, exception)
    if isinstance(exception, TOO_LARGE):
        return _page(request, "413.html", 413)
    return _page(request, "400.html", 400)


def refused_body(request: HttpRequest, status: int) -> HttpResponse:
    """The page for a request whose body was not read (``inbox.request_body``)."""
    return _page(request, f"{status}.html", status)


def not_allowed(request: HttpRequest, refusal: HttpResponse) -> HttpResponse:
    """The page for a method that is not allowed, since Django's response is empty."""
    response = _page(request, "405.html", 405)
    response["Allow"] = refusal["Allow"]
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler for an exception: 503 where the database cannot be used, else 500."""
    error = sys.exception()
    if is_outage(error):
        return _without_database(request, error)
    return _page(request, "500.html", 500, kept=_typed(request))


def _without_database(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    database.watch.check_after(error)
    response = _page(request, "503.html", 503, kept=_typed(request))
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _typed(request: HttpRequest) -> Kept | None:
    """The text of the submitted form, to copy from the page."""
    try:
        return kept_of_form(request) or kept_at_sign_in(request)
    except SuspiciousOperation:
        return None


def _page(request: HttpRequest, template: str, status: int, **context: Any) -> HttpResponse:
    """Render without context processors, which may need what has failed."""
    return HttpResponse(render_to_string(template, {"request": request, **context}), status=status)
