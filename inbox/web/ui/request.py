import re
from collections.abc import Callable
from functools import wraps
from operator import attrgetter
from typing import Any
from urllib.parse import unquote, urlsplit

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve
from django_htmx.middleware import HtmxDetails
from ulid import ULID

from inbox.access import Viewer
from inbox.answering.draft import TypedIn
from inbox.audit.origin import Actor, Origin
from inbox.lib.addresses import address_of
from inbox.models import Upstream
from inbox.web.ui.own_data import OwnData

_USABLE_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class Request(HttpRequest):
    htmx: HtmxDetails


class ReviewerRequest(Request):
    """Views get it unless they are ``login_not_required``."""

    user: User
    viewer: Viewer
    upstream: Upstream
    own: OwnData


def is_fragment(request: Request, target: str) -> bool:
    """htmx asks for the element ``target`` alone."""
    htmx = request.htmx
    return bool(htmx) and not htmx.history_restore_request and _element(htmx.target)[1] == target


def source_of(request: Request) -> tuple[str, str]:
    """Tag and id of the element that made the request, each empty if unknown."""
    return _element(request.htmx.source)


def _element(named: str | None) -> tuple[str, str]:
    """htmx 4 names an element ``tag#id``."""
    tag, _, id_ = (named or "").partition("#")
    return tag, id_


def asking_page(request: Request) -> ResolverMatch | None:
    """None if it is unknown."""
    page = urlsplit(request.htmx.current_url or "") if request.htmx else None
    try:
        return None if page is None else resolve(unquote(page.path))
    except Resolver404:
        return None


def origin_of(request: HttpRequest) -> Origin:
    return Origin(address_of(request))


def actor_of(request: HttpRequest) -> Actor:
    user = request.user
    mobius_id = user.reviewer.mobius_id or "" if user.is_authenticated else ""
    return Actor(user.get_username(), mobius_id, origin_of(request))


def new_operation_id() -> str:
    return str(ULID())


def operation_id_of(sent: str) -> str:
    """A new one if that is unusable."""
    return sent if _USABLE_ID.fullmatch(sent) else new_operation_id()


def typed_in(request: HttpRequest) -> TypedIn:
    sent = request.POST if request.method == "POST" else request.GET
    form = sent.get("operation_id", "")
    return TypedIn(sent.get("draft", ""), form if operation_id_of(form) == form else "")


View = Callable[..., Any]


def _only(allows: Callable[[ReviewerRequest], bool]) -> Callable[[View], View]:
    """Respond with 404 to other requests. For sync and async views."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: ReviewerRequest, *args: Any, **kwargs: Any) -> Any:
            if not allows(request):
                raise Http404("No such page.")
            return view(request, *args, **kwargs)

        return markcoroutinefunction(guarded) if iscoroutinefunction(view) else guarded

    return decorate


lead_required = _only(attrgetter("viewer.lead"))
administrator_required = _only(attrgetter("viewer.administrator"))
runs_required = _only(attrgetter("upstream.has_runs"))
groups_required = _only(attrgetter("upstream.has_groups"))
