"""Signed-out requests, and forms with a stale CSRF token: nothing is done and no text is lost.

The typed text goes back to the browser in a form that saves it as a draft of the question. That
form never sends an answer: another site could have made the request.
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
"""Names of the paths that receive text typed for a question."""


@dataclass(frozen=True)
class KeptText:
    """Text that a person typed for a question."""

    item: str
    values: list[str]
    comment: str
    draft: str = ""
    operation_id: str = ""

    @classmethod
    def from_question_form(cls, request: HttpRequest) -> "KeptText | None":
        """The text in a question's form; None for any other form."""
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
    def from_sign_in_form(cls, request: HttpRequest) -> "KeptText | None":
        """The text in the sign-in form of ``account/kept.html``; None for the ordinary one."""
        item = request.POST.get("kept-item", "")
        # An id that no question's address can have did not come from our form.
        if not item or "\0" in item:
            return None
        values = [storable(value) for value in request.POST.getlist("kept-value")]
        comment, form = storable(request.POST.get("kept-comment", "")), typed_in(request)
        return cls(item, values, comment, form.base, form.form)

    @property
    def page(self) -> str:
        """The address of the question."""
        return reverse("interaction", args=[self.item])


def turned_away(request: Request) -> HttpResponseBase:
    """The response to a signed-out request.

    A page redirects to the sign-in and back. A question's form keeps its text. Streams and parts
    of a page get 401: htmx would swap a sign-in page into the part, and a browser would request it
    forever as a stream.
    """
    if request.path_info.startswith(handoff.PREFIX):
        return _unauthorized()
    if request.method not in ("GET", "HEAD"):
        return _form_turned_away(request)
    login = redirect_to_login(request.get_full_path())
    if not request.htmx:
        return login
    if source_of(request)[0] == "a":
        # Somebody followed a link; anything else is the page reloading itself.
        return HttpResponseClientRedirect(login.url)
    return reswap(_unauthorized(), "none")


def _form_turned_away(request: Request) -> HttpResponseBase:
    kept, script = KeptText.from_question_form(request), bool(request.htmx)
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
    kept = KeptText.from_question_form(request) or KeptText.from_sign_in_form(request)
    if kept is None:
        page = _page_of_form(request)
        return _page(request, {"page": page}, 403, template="403_csrf.html")
    return _page(request, {"kept": kept, "signed_out": not request.user.is_authenticated}, 403)


def _page_of_form(request: HttpRequest) -> str:
    """The page with the form, from its Referer; empty where unknown. The form's own address may not
    accept a GET.
    """
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if is_ours and urlsplit(page).path != request.path else ""


def _page(
    request: Request, context: dict[str, Any], status: int, *, template: str = "account/kept.html"
) -> HttpResponse:
    response = render(request, template, {"login": settings.LOGIN_URL, **context}, status=status)
    if request.htmx:
        return reswap(retarget(response, "body"), "innerHTML")
    return response
