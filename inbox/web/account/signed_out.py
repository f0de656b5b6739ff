"""Requests that come signed out, and forms with a stale token. Nothing is done, nothing is lost.

What was typed goes back to the browser in a form that brings it to the question as a draft. It is
never sent as an answer from there: a page elsewhere could have made it.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from inbox.live import handoff
from inbox.web.interactions.forms import comment_of, storable, typed_of
from inbox.web.ui.request import Request, source_of, typed_in

TYPED = ("respond", "draft", "check", "claim", "release")
"""Names of the paths that take what a person has typed for a question."""


@dataclass(frozen=True)
class Kept:
    """What somebody typed for one question."""

    item: str
    values: list[str]
    comment: str
    draft: str = ""
    operation_id: str = ""

    @classmethod
    def arriving(cls, request: HttpRequest) -> "Kept | None":
        """Of a form for a question, None for any other form."""
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return None
        if match.url_name not in TYPED:
            return None
        form = typed_in(request)
        values, comment = typed_of(request.POST), comment_of(request.POST)
        return cls(match.kwargs["id"], values, comment, form.base, form.form)

    @classmethod
    def carried(cls, request: HttpRequest) -> "Kept | None":
        """Of the sign-in form that ``kept_text`` made, None for the ordinary one."""
        item = request.POST.get("kept-item", "")
        # An id that no question's address can have did not come from our form.
        if not item or "\0" in item:
            return None
        values = [storable(value) for value in request.POST.getlist("kept-value")]
        comment, form = storable(request.POST.get("kept-comment", "")), typed_in(request)
        return cls(item, values, comment, form.base, form.form)

    @property
    def page(self) -> str:
        """Where the text belongs."""
        return reverse("interaction", args=[self.item])


def turned_away(request: Request) -> HttpResponseBase:
    """The answer to a request that came signed out.

    A page is come back to after the sign-in. A form for a question keeps its text. A stream and a
    part of a page get 401: htmx would put a sign-in page into the hole of the part, and a browser
    would take one for a stream and fetch it for ever.
    """
    if request.path_info.startswith(handoff.PREFIX):
        return _unauthorized()
    if request.method not in ("GET", "HEAD"):
        return _form_turned_away(request)
    login = redirect_to_login(request.get_full_path())
    if not request.htmx:
        return login
    if source_of(request)[0] == "a":
        # A person followed a link; anything else is the page reading itself again.
        return HttpResponseClientRedirect(login.url)
    return reswap(_unauthorized(), "none")


def _form_turned_away(request: Request) -> HttpResponseBase:
    kept, script = Kept.arriving(request), bool(request.htmx)
    if kept is None:
        here = "account" if request.path_info.startswith(reverse("account")) else "inbox"
        login = redirect_to_login(reverse(here))
        return HttpResponseClientRedirect(login.url) if script else login
    if script and resolve(request.path_info).url_name == "draft":
        return _unauthorized()
    return _page(request, {"kept": kept, "signed_out": True}, 401)


def _unauthorized() -> HttpResponse:
    return HttpResponse(_("Signed out."), status=401, content_type="text/plain")


@sensitive_variables()
def csrf_failure(request: Request, reason: str = "") -> HttpResponseBase:
    """Django's view for a form whose token is stale or missing."""
    kept = Kept.arriving(request) or Kept.carried(request)
    if kept is None:
        page = _page_of_form(request)
        return _page(request, {"page": page}, 403, template="403_csrf.html")
    return _page(request, {"kept": kept, "signed_out": not request.user.is_authenticated}, 403)


def _page_of_form(request: HttpRequest) -> str:
    """The page that the form was on; empty where nothing says so. Where it was sent to may take
    no GET.
    """
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if ours and urlsplit(page).path != request.path else ""


def _page(
    request: Request, context: dict[str, Any], status: int, *, template: str = "account/kept.html"
) -> HttpResponse:
    response = render(request, template, {"login": settings.LOGIN_URL, **context}, status=status)
    if request.htmx:
        return reswap(retarget(response, "body"), "innerHTML")
    return response
