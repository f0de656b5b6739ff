"""Forms that come signed out, or with a stale token: nothing is done, and nothing typed is lost.

What was typed goes back to the browser in a form that brings it to the question as a draft. It is
never sent as an answer from there: a page elsewhere could have made it.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.debug import sensitive_variables
from django_htmx.http import HttpResponseClientRedirect

from inbox.forms import typed_of

TYPED = ("respond", "draft", "claim", "release")
"""Names of the paths that take what a person has typed for a question."""


@dataclass(frozen=True)
class Kept:
    """What somebody typed for one question."""

    item: str
    values: list[str]
    comment: str

    @classmethod
    def arriving(cls, request: HttpRequest) -> "Kept | None":
        """Of a form for a question, None for any other form."""
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return None
        if match.url_name not in TYPED:
            return None
        return cls(match.kwargs["id"], typed_of(request.POST), request.POST.get("comment", ""))

    @classmethod
    def carried(cls, request: HttpRequest) -> "Kept | None":
        """Of the sign-in form that ``kept_text`` made, None for the ordinary one."""
        item = request.POST.get("kept-item", "")
        if not item:
            return None
        comment = request.POST.get("kept-comment", "")
        return cls(item, request.POST.getlist("kept-value"), comment)

    @property
    def page(self) -> str:
        """Where the text belongs."""
        return reverse("interaction", args=[self.item])


def kept_text(request: Any) -> HttpResponseBase:
    """The answer to a form that came signed out."""
    kept = Kept.arriving(request)
    script = bool(request.headers.get("HX-Request"))
    if kept is None:
        here = "account" if request.path_info.startswith(reverse("account")) else "inbox"
        login = redirect_to_login(reverse(here))
        return HttpResponseClientRedirect(login.url) if script else login
    if script and resolve(request.path_info).url_name == "draft":
        return HttpResponse("Signed out.", status=401, content_type="text/plain")
    return _page(request, {"kept": kept, "signed_out": True}, 401)


@sensitive_variables()
def csrf_failure(request: Any, reason: str = "") -> HttpResponseBase:
    """Django's view for a form whose token is stale or missing."""
    kept = Kept.arriving(request) or Kept.carried(request)
    if kept is None:
        action = request.get_full_path()
        return _page(request, {"action": action}, 403, template="403_csrf.html")
    return _page(request, {"kept": kept, "signed_out": not request.user.is_authenticated}, 403)


def _page(
    request: Any, context: dict[str, Any], status: int, *, template: str = "account/kept.html"
) -> HttpResponse:
    response = render(request, template, {"login": settings.LOGIN_URL, **context}, status=status)
    if request.headers.get("HX-Request"):
        response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    return response
