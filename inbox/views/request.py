"""The request as our middleware hands it to the views, and what htmx says in it."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from inbox.access import Viewer
from inbox.models import Upstream


class Request(HttpRequest):
    """From anybody. ``htmx`` is false where htmx did not send it."""

    htmx: HtmxDetails


class ReviewerRequest(Request):
    """From somebody who is signed in: every view that is not ``login_not_required`` gets one."""

    user: User
    viewer: Viewer
    upstream: Upstream


def is_fragment(request: Request, target: str) -> bool:
    """A swap asks for the element ``target`` alone, not for a page."""
    htmx = request.htmx
    return bool(htmx) and not htmx.history_restore_request and _element(htmx.target)[1] == target


def source_of(request: Request) -> tuple[str, str]:
    """Tag and id of the element that asks, each empty where there is none."""
    return _element(request.htmx.source)


def _element(named: str | None) -> tuple[str, str]:
    """htmx 4 names an element ``tag#id``, which django-htmx passes on as it is."""
    tag, _, id_ = (named or "").partition("#")
    return tag, id_
