"""Middleware of our own."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.utils.cache import add_never_cache_headers

from inbox.access import viewer_of
from inbox.live import handoff
from inbox.live.page_activity import page_activity
from inbox.models import Upstream
from inbox.page_slots import BACKGROUND, PROBES
from inbox.people import known_browser, sessions
from inbox.request_body import refusal_of
from inbox.services.origin import acting
from inbox.web.account import signed_out
from inbox.web.errors import not_allowed, refused_body
from inbox.web.ui.request import Request, ReviewerRequest, actor_of, source_of

SMALLEST_PAGE = 1024
"""Bytes; a smaller page is sent as it is."""

GetResponse = Callable[[HttpRequest], HttpResponse]

MARKER = "Reviewer-Inbox"
"""On every response that Django makes. Scripts swap in nothing without it: a proxy's error page, or
a network's sign-in page, would otherwise replace the question that somebody is answering."""


def mark_response(get_response: GetResponse) -> GetResponse:
    """Set the ``MARKER``. Stands outermost, so that error responses carry it too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response[MARKER] = "1"
        return response

    return middleware


def never_cache(get_response: GetResponse) -> GetResponse:
    """Every page is somebody's own: nothing keeps one that does not say otherwise."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def no_nul(get_response: GetResponse) -> GetResponse:
    """Refuse an address with a NUL in its path or query: PostgreSQL takes none in a filter."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
            raise BadRequest("NUL in the address")
        return get_response(request)

    return middleware


def refuse_unread_body(get_response: GetResponse) -> GetResponse:
    """Answer for a body that was too large, or did not arrive: no view sees such a request."""

    def middleware(request: HttpRequest) -> HttpResponse:
        status = refusal_of(request)
        return get_response(request) if status is None else refused_body(request, status)

    return middleware


def explain_not_allowed(get_response: GetResponse) -> GetResponse:
    """A page for a method that an address does not take: Django's own answer is empty."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return not_allowed(request, response) if response.status_code == 405 else response

    return middleware


def name_actor(get_response: GetResponse) -> GetResponse:
    """Changes of accounts and rights are logged as those of the person whose request it is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with acting(partial(actor_of, request)):
            return get_response(request)

    return middleware


PRESSED = ("a", "button", "form", "input", "select")
"""Elements by which a person asks for a part of a page; others read themselves again."""
NOT_BY_A_PERSON = ("/presence", *BACKGROUND)


def end_sessions(get_response: GetResponse) -> GetResponse:
    """Sign out whose time is over; else note that the person was here."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # A probe must be answered without the database.
        if not request.path_info.endswith(PROBES) and request.user.is_authenticated:
            if sessions.has_expired(request.session):
                logout(request)
            elif _by_a_person(cast(Request, request)):
                sessions.note_activity(request.session)
        return get_response(request)

    return middleware


def _by_a_person(request: Request) -> bool:
    """Not a stream, and not what an open page fetches by itself."""
    path = request.path_info
    if path.startswith(handoff.PREFIX) or path.endswith(NOT_BY_A_PERSON):
        return False
    by_itself = request.method == "GET" and bool(request.htmx)
    return not by_itself or source_of(request)[0] in PRESSED


def remember_browser(get_response: GetResponse) -> GetResponse:
    """A browser that somebody signs in with is known to have done so."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        known_browser.remember(request, response)
        return response

    return middleware


def more_headers(get_response: GetResponse) -> GetResponse:
    """The security headers that Django does not send itself."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in settings.MORE_SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Every view is for people who are signed in, except those that are ``login_not_required``.

    Sets what views read of the request: once here, so that no view reads it again.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Turn away who is signed out."""
        # Django asks who is signed in first, and a probe must be answered without the database.
        if not getattr(view_func, "login_required", True):
            return None
        turned_away = super().process_view(request, view_func, view_args, view_kwargs)
        if turned_away is None:
            signed_in = cast(ReviewerRequest, request)
            signed_in.viewer = viewer_of(signed_in.user)
            signed_in.upstream = Upstream.present()
            page_activity.page_requested()
        return turned_away

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """The sign-in page, or what is better for a form, a stream or a part of a page."""
        return signed_out.turned_away(cast(Request, request))


def one_thread(get_response: GetResponse) -> GetResponse:
    """Stand innermost, and be sync only: then Django runs all middleware in one go in one thread.

    Each of Django's own would else hop to a thread and back, before the view and after it: more
    time than most pages take to make. The view itself stays on the event loop.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    return middleware


class CompressHTML(GZipMiddleware):
    """gzip for pages over 1 kB; never for streams and downloads.

    Django pads each compressed page with a random number of bytes against BREACH.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress what is worth it."""
        page = isinstance(response, HttpResponse) and len(response.content) > SMALLEST_PAGE
        if page and response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response
