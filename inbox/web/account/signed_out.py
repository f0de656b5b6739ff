"""Signed-out requests and forms with a stale CSRF token lose no text.

The browser gets it in a form that saves it as a draft. That form never sends an answer, since
another site could have made the request.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django_htmx.http import HttpResponseClientRedirect, reswap, retarget

from inbox.answering import batches, draft
from inbox.answering.draft import TypedIn
from inbox.answering.question import NotAsked
from inbox.live import handoff
from inbox.models import Reviewer, Upstream
from inbox.models.answers import Typed
from inbox.web.questions.forms import comment_of, storable, typed_of
from inbox.web.ui.request import Request, source_of, typed_in

TYPED = ("respond", "draft", "check", "claim", "release")
"""Names of the paths that receive text typed for a question."""


KEPT = "kept_at_sign_in"
"""The session's key of what was typed before the second factor."""


@dataclass(frozen=True)
class KeptText:
    item: str
    values: Typed
    comment: str
    draft: str = ""
    operation_id: str = ""

    @classmethod
    def from_question_form(cls, request: HttpRequest) -> "KeptText | None":
        """None for any other form."""
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
        """None for the ordinary sign-in form."""
        item = request.POST.get("kept-item", "")
        # An ID that can't be in a question's address did not come from our form.
        if not item or "\0" in item:
            return None
        values = typed_of(request.POST, "kept-")
        comment, form = storable(request.POST.get("kept-comment", "")), typed_in(request)
        return cls(item, values, comment, form.base, form.form)

    @property
    def page(self) -> str:
        return reverse("interaction", args=[self.item])

    def save(self, request: HttpRequest, reviewer: Reviewer) -> bool:
        """False if the person was not asked."""
        try:
            draft.save(
                reviewer=reviewer,
                interaction_id=self.item,
                values=self.values,
                comment=self.comment,
                typed_in=TypedIn(self.draft, self.operation_id),
            )
        except NotAsked:
            return False
        return True


@dataclass(frozen=True)
class KeptComment:
    batch: int
    comment: str

    @classmethod
    def from_batch_form(cls, request: HttpRequest) -> "KeptComment | None":
        """None for any other form, and without a comment."""
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return None
        comment = comment_of(request.POST)
        if match.url_name not in ("batch-send", "batch-comment") or not comment:
            return None
        return cls(match.kwargs["id"], comment)

    @classmethod
    def from_sign_in_form(cls, request: HttpRequest) -> "KeptComment | None":
        batch = request.POST.get("kept-batch", "")
        try:
            reverse("batch", args=[batch])
        except NoReverseMatch:
            return None
        return cls(int(batch), storable(request.POST.get("kept-comment", "")))

    @property
    def page(self) -> str:
        return reverse("batch", args=[self.batch])

    def save(self, request: HttpRequest, reviewer: Reviewer) -> bool:
        """False if the batch is someone else's."""
        own = batches.batches_of(reviewer, Upstream.current()).filter(pk=self.batch).first()
        if own is None:
            return False
        batches.keep_comment(own, self.comment)
        return True


Kept = KeptText | KeptComment


def kept_of_form(request: HttpRequest) -> Kept | None:
    return KeptText.from_question_form(request) or KeptComment.from_batch_form(request)


def kept_at_sign_in(request: HttpRequest) -> Kept | None:
    return KeptText.from_sign_in_form(request) or KeptComment.from_sign_in_form(request)


def to_state(kept: Kept | None) -> dict[str, Any] | None:
    return None if kept is None else asdict(kept)


def kept_from_state(state: dict[str, Any] | None) -> Kept | None:
    if state is None:
        return None
    if isinstance(state.get("values"), list):
        # Kept before a form could have several questions.
        state = {**state, "values": {"value": state["values"]}}
    return KeptComment(**state) if "batch" in state else KeptText(**state)


def keep_until_signed_in(request: HttpRequest, kept: Kept | None) -> None:
    if kept is None:
        request.session.pop(KEPT, None)
    else:
        request.session[KEPT] = to_state(kept)


def take_kept(request: HttpRequest) -> Kept | None:
    return kept_from_state(request.session.pop(KEPT, None))


def save_kept(request: HttpRequest, kept: Kept, reviewer: Reviewer) -> HttpResponse:
    """Redirect to where it was typed; a page with the text if the person was not asked."""
    if not kept.save(request, reviewer):
        return render(request, "account/kept.html", {"kept": kept, "not_asked": True})
    return redirect(kept.page)


def response_to(request: Request) -> HttpResponseBase:
    """Redirect to the sign-in and back, or keep the text of a form.

    Streams and parts of a page get 401: htmx would swap a sign-in page into the part, and a browser
    would request it forever as a stream.
    """
    if request.path_info.startswith(handoff.PREFIX):
        return _unauthorized()
    if request.method not in ("GET", "HEAD"):
        return _signed_out_form(request)
    login = redirect_to_login(request.get_full_path())
    if not request.htmx:
        return login
    if source_of(request)[0] == "a":
        # Someone followed a link; anything else is the page reloading itself.
        return HttpResponseClientRedirect(login.url)
    return reswap(_unauthorized(), "none")


def _signed_out_form(request: Request) -> HttpResponseBase:
    kept, script = kept_of_form(request), bool(request.htmx)
    if kept is None:
        login = redirect_to_login(_page_after(request))
        return HttpResponseClientRedirect(login.url) if script else login
    if script and resolve(request.path_info).url_name == "draft":
        return _unauthorized()
    return _page(request, {"kept": kept, "signed_out": True}, 401)


def _page_after(request: HttpRequest) -> str:
    if request.path_info.startswith(reverse("account")):
        return reverse("account")
    match = request.resolver_match
    if match is not None and match.url_name in (
        "batch-send",
        "batch-comment",
        "batch-undo",
        "batch-dismiss",
    ):
        return reverse("batch", kwargs=match.kwargs)
    return reverse("inbox")


def _unauthorized() -> HttpResponse:
    return HttpResponse(_("Signed out."), status=401, content_type="text/plain")


@sensitive_variables()
def csrf_failure(request: Request, reason: str = "") -> HttpResponseBase:
    kept = kept_of_form(request) or kept_at_sign_in(request)
    if kept is None:
        page = _page_of_form(request)
        return _page(request, {"page": page}, 403, template="403_csrf.html")
    return _page(request, {"kept": kept, "signed_out": not request.user.is_authenticated}, 403)


def _page_of_form(request: HttpRequest) -> str:
    """The Referer; if that is missing or only accepts a POST, the nearest page above."""
    page, match = request.headers.get("Referer", ""), request.resolver_match
    is_ours = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    # Forms of public pages are sent to the page itself.
    is_public = match is not None and not getattr(match.func, "login_required", True)
    if is_ours and (is_public or urlsplit(page).path != request.path):
        return page
    return _page_above(request.path)


def _page_above(path: str) -> str:
    while path != "/":
        path = path.rstrip("/").rpartition("/")[0] + "/"
        with suppress(Resolver404):
            resolve(path)
            break
    return path


def _page(
    request: Request, context: dict[str, Any], status: int, *, template: str = "account/kept.html"
) -> HttpResponse:
    response = render(request, template, {"login": settings.LOGIN_URL, **context}, status=status)
    if request.htmx:
        return reswap(retarget(response, "body"), "innerHTML")
    return response
