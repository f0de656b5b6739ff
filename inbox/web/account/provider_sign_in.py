import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import wraps
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from inbox.people import links, sessions
from inbox.people.oidc import provider_accounts
from inbox.people.oidc.identity_provider import Adapter, Claims, NoAnswer, NotTheProvider, oidc
from inbox.people.oidc.provider_accounts import Reason
from inbox.web.account.signed_out import Kept, kept_at_sign_in, kept_from_state, to_state
from inbox.web.ui.request import origin_of

log = logging.getLogger(__name__)

LASTS = 600
"""Seconds that a sign-in at the provider may take, as with allauth. After that, what was typed is
deleted with the session.
"""


class Failure(StrEnum):
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNREACHABLE = "unreachable"
    NOT_CONFIRMED = "not_confirmed"


STATUS = {
    Failure.CANCELLED: 400,
    Failure.EXPIRED: 400,
    Failure.UNREACHABLE: 503,
    Failure.NOT_CONFIRMED: 502,
}
REFUSED = 403

View = Callable[[HttpRequest], HttpResponseBase]


def _with_provider(view: View) -> View:
    """404 if no provider is configured, and a page that says so if it can't be reached."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if settings.OIDC is None:
            raise Http404("No identity provider.")
        try:
            return view(request)
        except NoAnswer as error:
            return refused(request, Failure.UNREACHABLE, exception=error)
        except OAuth2Error as error:
            return refused(request, Failure.NOT_CONFIRMED, exception=error)

    return guarded


@login_not_required
@sensitive_post_parameters()
@sensitive_variables("token")
@require_POST
@_with_provider
def start(request: HttpRequest) -> HttpResponseBase:
    """The typed text and the opened link wait in the session."""
    link, token = None, request.POST.get("token", "")
    if token:
        try:
            link = links.find(token)
        except links.NotValid:
            return render(request, "registration/link_over.html", status=404)
        if link.user is None:
            raise Http404("The setup link is for a password.")
    after = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        after, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        after = ""
    data = {
        "link": link and link.pk,
        "kept": to_state(kept_at_sign_in(request)),
        "time_zone": request.POST.get(sessions.TIME_ZONE, "")[:64],
    }
    if not request.user.is_authenticated:
        request.session.set_expiry(LASTS)
    provider = get_adapter().get_provider(request, oidc().issuer)
    return provider.redirect(request, process="login", next_url=after, data=data)


@login_not_required
@require_GET
@_with_provider
def callback(request: HttpRequest) -> HttpResponseBase:
    adapter = Adapter(request, oidc().issuer)
    # Read first: if the provider is down, the state is not used up, and reloading tries again.
    _ = adapter.openid_config
    return OAuth2CallbackView.adapter_view(adapter)(request)


def signed_in(request: HttpRequest, user: User, login: Any) -> Kept | None:
    """Returns the text that was typed before."""
    data = login.state["data"]
    request.session[sessions.BY_PROVIDER] = True
    sessions.note_time_zone(request.session, user, data["time_zone"])
    reviewer = user.reviewer
    # There are none after the second factor of the break-glass administrator.
    claims = getattr(login, "claims", Claims())
    if not provider_accounts.identify(reviewer, claims, origin=origin_of(request)):
        messages.warning(
            request,
            _(
                "According to %(provider)s, your Mobius ID is %(mobius_id)s, but it can't be used "
                "here. Ask your administrator."
            )
            % {"provider": oidc().name, "mobius_id": claims.mobius_id},
        )
    return kept_from_state(data["kept"])


def refused(
    request: HttpRequest,
    reason: Failure | Reason,
    state: Mapping[str, Any] | None = None,
    exception: Exception | None = None,
) -> HttpResponse:
    """Operators find the cause in the log."""
    log.warning("Sign-in with the identity provider: %s%s", reason.value, _cause(exception))
    data = state["data"] if state else {}
    kept: Kept | None = kept_from_state(data.get("kept")) if data else kept_at_sign_in(request)
    title, text = _words(reason)
    context = {
        "title": title,
        "text": text,
        "next": (state or {}).get("next", ""),
        "kept": kept,
        "signed_out": True,
        "refused": True,
    }
    template = "account/kept.html" if kept else "registration/provider_refused.html"
    status = STATUS[reason] if isinstance(reason, Failure) else REFUSED
    return render(request, template, context, status=status)


def _cause(exception: Exception | None) -> str:
    """The type of the error and allauth's translation; a message only if it quotes nothing."""
    if exception is None:
        return ""
    if isinstance(exception, NotTheProvider):
        return f" ({exception})"
    return f" ({type(exception.__cause__ or exception).__name__})"


def _words(reason: Failure | Reason) -> tuple[str, str]:
    facts = {"provider": oidc().name}
    match reason:
        case Failure.CANCELLED:
            title, text = (
                _("You didn't sign in"),
                _("The sign-in was cancelled. You can try again."),
            )
        case Failure.EXPIRED:
            title = _("This sign-in has expired")
            text = _(
                "It took longer than ten minutes, or was started in another browser. You can try "
                "again."
            )
        case Failure.UNREACHABLE:
            title = _("%(provider)s can't be reached")
            text = _("Reload this page to try again, or come back in a few minutes.")
        case Failure.NOT_CONFIRMED:
            title = _("%(provider)s didn't confirm who you are")
            text = _("You can try again. If it happens again, tell your administrator.")
        case Reason.UNVERIFIED:
            title = _("Your email address isn't verified")
            text = _("Verify it with %(provider)s, then sign in again.")
        case Reason.NOT_ALLOWED:
            title = _("You don't have access")
            text = _(
                "You signed in with %(provider)s, but you're not in a group that has access to "
                "this inbox. Ask your administrator."
            )
        case Reason.HAS_ACCOUNT:
            title = _("An account with your email address already exists")
            text = _("Ask your administrator for a sign-in link. It connects that account to you.")
        case Reason.DEACTIVATED:
            title = _("Your account is deactivated")
            text = _("Ask your administrator to reactivate it.")
        case Reason.LINK_OVER:
            title = _("This link no longer works")
            text = _("Ask your administrator for a new sign-in link.")
        case Reason.OF_ANOTHER:
            title = _("You already have another account")
            text = _(
                "This sign-in link is for a different account from the one you sign in to with "
                "%(provider)s. Nothing was changed. Sign in without the link, or ask your "
                "administrator which account to use."
            )
    return title % facts, text % facts
