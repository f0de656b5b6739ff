"""The request as our middleware hands it to the views."""

from django.contrib.auth.models import User
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from inbox.access import Viewer
from inbox.models import Upstream


class Request(HttpRequest):
    """From anybody. ``htmx`` says whether htmx sent it, and for which element."""

    htmx: HtmxDetails


class ReviewerRequest(Request):
    """From somebody who is signed in: every view that is not ``login_not_required`` gets one."""

    user: User
    viewer: Viewer
    upstream: Upstream
