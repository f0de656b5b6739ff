"""The request that views get: who sent it, from where, which form, and what htmx asks for."""

import re
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_network
from operator import attrgetter
from typing import Any
from urllib.parse import unquote, urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.crypto import salted_hmac
from django_htmx.middleware import HtmxDetails
from ulid import ULID

from inbox.access import Viewer
from inbox.models import Upstream
from inbox.people import known_browser
from inbox.services.draft import TypedIn
from inbox.services.origin import Actor, Origin
from inbox.web.ui.devices import browser_and_system
from reviewer_site.proxies import client_address

_USABLE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Request(HttpRequest):
    """A request from anyone. ``htmx`` is false if htmx did not send it."""

    htmx: HtmxDetails


class ReviewerRequest(Request):
    """A signed-in request, as views get it unless they are ``login_not_required``."""

    user: User
    viewer: Viewer
    upstream: Upstream


def is_fragment(request: Request, target: str) -> bool:
    """Whether htmx asks for the element ``target`` alone."""
    htmx = request.htmx
    return bool(htmx) and not htmx.history_restore_request and _element(htmx.target)[1] == target


def source_of(request: Request) -> tuple[str, str]:
    """Tag and id of the element that made the request, each empty if unknown."""
    return _element(request.htmx.source)


def _element(named: str | None) -> tuple[str, str]:
    """htmx 4 names an element ``tag#id``, which django-htmx passes on as it is."""
    tag, _, id_ = (named or "").partition("#")
    return tag, id_


def asking_page(request: Request) -> ResolverMatch | None:
    """Which of our pages htmx asks from; None if that is unknown."""
    page = urlsplit(request.htmx.current_url or "") if request.htmx else None
    try:
        return None if page is None else resolve(unquote(page.path))
    except Resolver404:
        return None


def origin_of(request: HttpRequest) -> Origin:
    """The origin of the changes that this request makes."""
    return Origin(address_of(request))


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in person, for the changes of accounts and rights that this request makes."""
    user = request.user
    mobius_id = user.reviewer.mobius_id or "" if user.is_authenticated else ""
    return Actor(user.get_username(), mobius_id, origin_of(request))


def address_of(request: HttpRequest, *_: Any) -> str:
    """The browser's network address; empty if unknown."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        settings.TRUSTED_PROXIES,
    )


def counted_address(request: HttpRequest) -> str | None:
    """The address by which failed sign-ins are counted, never empty, for the databases.

    An IPv6 address stands for its /64 network, since all of that belongs to one client.
    """
    address = address_of(request)
    if ":" in address:
        return str(ip_network(f"{address}/64", strict=False).network_address)
    return address or None


def new_operation_id() -> str:
    """A new ID for an answer, made when its form is shown."""
    return str(ULID())


def operation_id_of(sent: str) -> str:
    """The ID that the form sent, or a new one if that is unusable."""
    return sent if _USABLE_ID.fullmatch(sent) else new_operation_id()


def typed_in(request: HttpRequest) -> TypedIn:
    """The form and draft of a POST, or of a page that reloads itself."""
    sent = request.POST if request.method == "POST" else request.GET
    form = sent.get("operation_id", "")
    usable = form if operation_id_of(form) == form else ""
    browser, system = browser_and_system(request.headers.get("User-Agent", ""))
    return TypedIn(
        base=sent.get("draft", ""),
        form=usable,
        device=device_of(request),
        browser=browser,
        system=system,
    )


def device_of(request: HttpRequest) -> str:
    """A digest of the browser's random name; empty if it has none."""
    name = known_browser.device_id(request)
    return salted_hmac("inbox.draft.device", name).hexdigest()[:16] if name else ""


View = Callable[..., Any]


def _only(has_role: Callable[[Viewer], bool]) -> Callable[[View], View]:
    """Respond with 404 to viewers without the role. For sync and async views."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ReviewerRequest, *args: Any, **kwargs: Any) -> Any:
            if not has_role(request.viewer):
                raise Http404("No such page.")
            return view(request, *args, **kwargs)

        return markcoroutinefunction(guarded) if iscoroutinefunction(view) else guarded

    return decorate


lead_required = _only(attrgetter("lead"))
administrator_required = _only(attrgetter("administrator"))
