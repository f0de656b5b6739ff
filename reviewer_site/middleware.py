from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import Resolver404, resolve
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import get_language_from_request
from django.views.defaults import page_not_found

from inbox.access import NotTheirs, viewer_of
from inbox.audit.origin import acting
from inbox.lib import request_log
from inbox.lib.page_slots import BACKGROUND, PROBES
from inbox.lib.request_body import refusal_of
from inbox.live import handoff
from inbox.live.page_activity import page_activity
from inbox.models import Upstream
from inbox.people import known_browser, sessions
from inbox.web.account import signed_out
from inbox.web.errors import not_allowed, refused_body
from inbox.web.ui.localization import activate_for
from inbox.web.ui.own_data import OwnData
from inbox.web.ui.request import Request, ReviewerRequest, actor_of, source_of

SMALLEST_PAGE = 1024
"""Bytes; smaller pages are not compressed."""

GetResponse = Callable[[HttpRequest], HttpResponse]

MARKER = "Reviewer-Inbox"
"""A header of every response from Django. Scripts swap in nothing without it: a proxy's error page,
or a network's sign-in page, would otherwise replace the question that someone is answering."""

PRESSED = ("a", "button", "form", "input", "select")
"""Elements with which a person requests a part of a page; others reload by themselves."""

NOT_BY_A_PERSON = ("/presence", "/seen", *BACKGROUND)
"""Ends of addresses that open pages request by themselves."""

IN_HIDDEN_PAGES = "/inbox/counts/"
"""What a hidden page fetches by itself. It does not count as an open page."""


def note_request(get_response: GetResponse) -> GetResponse:
    """Outermost, so that every response has the ID."""

    def middleware(request: HttpRequest) -> HttpResponse:
        note = request_log.current()
        if note is None:
            return get_response(request)
        request.reference = note.id  # type: ignore[attr-defined]
        response = get_response(request)
        note.status = response.status_code
        with suppress(Resolver404):
            # Without the database, a request ends before its address is resolved.
            match = request.resolver_match or resolve(request.path_info)
            note.route = match.view_name
        # Without the viewer, no one is signed in, or it is unknown: probes don't ask the database.
        if hasattr(request, "viewer"):
            note.person = request.user.get_username()
        response[request_log.HEADER] = note.id
        return response

    return middleware


def mark_response(get_response: GetResponse) -> GetResponse:
    """Before the others, so that error responses have it too."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response[MARKER] = "1"
        return response

    return middleware


def never_cache(get_response: GetResponse) -> GetResponse:
    """Pages are personal."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


def localize(get_response: GetResponse) -> GetResponse:
    """Probes are in English, for machines."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.endswith(PROBES):
            return get_response(request)
        with translation.override(get_language_from_request(request)), timezone.override(None):
            response = get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "")
        patch_vary_headers(response, ["Accept-Language"])
        return response

    return middleware


def localize_for_person(get_response: GetResponse) -> GetResponse:
    """Else the time zone of the browser that they signed in with."""

    def middleware(request: HttpRequest) -> HttpResponse:
        # Probes must work without the database.
        if not request.path_info.endswith(PROBES) and request.user.is_authenticated:
            activate_for(request.user.reviewer, request.session)
        return get_response(request)

    return middleware


def no_nul(get_response: GetResponse) -> GetResponse:
    """PostgreSQL does not accept a NUL in a filter."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info or "%00" in request.META["QUERY_STRING"]:
            raise BadRequest("NUL in the address")
        if any("\0" in value for value in request.COOKIES.values()):
            raise BadRequest("NUL in a cookie")
        return get_response(request)

    return middleware


def refuse_unread_body(get_response: GetResponse) -> GetResponse:
    """They reach no view."""

    def middleware(request: HttpRequest) -> HttpResponse:
        status = refusal_of(request)
        return get_response(request) if status is None else refused_body(request, status)

    return middleware


def explain_not_allowed(get_response: GetResponse) -> GetResponse:
    """Django's response is empty."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        return not_allowed(request, response) if response.status_code == 405 else response

    return middleware


def name_actor(get_response: GetResponse) -> GetResponse:
    """Attribute logged changes of accounts and rights to whose request it is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with acting(partial(actor_of, request)):
            return get_response(request)

    return middleware


def end_sessions(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        # Probes must work without the database.
        if not request.path_info.endswith(PROBES) and request.user.is_authenticated:
            if sessions.has_expired(request.session):
                logout(request)
            elif _by_a_person(cast(Request, request)):
                sessions.note_activity(request.session)
        return get_response(request)

    return middleware


def _by_a_person(request: Request) -> bool:
    path = request.path_info
    if path.startswith(handoff.PREFIX) or path.endswith(NOT_BY_A_PERSON):
        return False
    by_itself = request.method == "GET" and bool(request.htmx)
    return not by_itself or source_of(request)[0] in PRESSED


def remember_browser(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        known_browser.remember(request, response)
        return response

    return middleware


def more_headers(get_response: GetResponse) -> GetResponse:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in settings.MORE_SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Sets ``request.viewer``, ``request.upstream`` and ``request.own``. ``NotTheirs`` becomes a
    404.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        # This comes first: Django would load the user, and probes must work without the database.
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None:
            signed_in = cast(ReviewerRequest, request)
            signed_in.viewer = viewer_of(signed_in.user)
            signed_in.upstream = Upstream.current()
            signed_in.own = OwnData(signed_in.viewer, signed_in.upstream)
            if not request.path_info.endswith(IN_HIDDEN_PAGES):
                page_activity.page_requested()
        return refusal

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        return page_not_found(request, exception) if isinstance(exception, NotTheirs) else None

    def handle_no_permission(  # type: ignore[override]
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """A form, a stream or a part of a page gets another response than the sign-in page."""
        return signed_out.response_to(cast(Request, request))


class CompressHTML(GZipMiddleware):
    """gzip over 1 kB, never for streams and downloads. Django pads against BREACH."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        page = isinstance(response, HttpResponse) and len(response.content) > SMALLEST_PAGE
        if page and response.get("Content-Type", "").startswith("text/html"):
            return super().process_response(request, response)
        return response
