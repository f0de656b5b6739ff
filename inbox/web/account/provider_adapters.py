from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from inbox.models import Upstream
from inbox.people.oidc import identity_provider, provider_accounts
from inbox.people.oidc.provider_accounts import NotSignedIn, Reason
from inbox.web.account.provider_sign_in import Failure, refused, signed_in
from inbox.web.account.sign_in import BACKEND
from inbox.web.account.signed_out import save_kept, take_kept
from inbox.web.ui.request import origin_of

BEGAN_WITH = "sign_in_began_with"
"""The session's key of the account's session hash when a sign-in began."""


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: Any, **details: Any) -> Any:
        request.session[BEGAN_WITH] = user.get_session_auth_hash()
        return super().pre_login(request, user, **details)

    def login(self, request: HttpRequest, user: Any) -> None:
        """Nobody is signed in if the password was changed while the second step was waiting."""
        if request.session.pop(BEGAN_WITH, None) != user.get_session_auth_hash():
            raise ImmediateHttpResponse(redirect("login"))
        user.backend = BACKEND
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: Any, **details: Any) -> Any:
        response = super().post_login(request, user, **details)
        login = (details["signal_kwargs"] or {}).get("sociallogin")
        kept = take_kept(request) if login is None else signed_in(request, user, login)
        return response if kept is None else save_kept(request, kept, user.reviewer)

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """No message: pages show who is signed in."""


class ProviderAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest | None, provider: Any = None, client_id: Any = None
    ) -> list[SocialApp]:
        """The provider in the settings; none is stored in the database."""
        return [identity_provider.app()] if settings.OIDC else []

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """``pre_social_login`` fills in new accounts."""
        return sociallogin.user

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        pk = sociallogin.state["data"]["link"]
        try:
            if pk is not None:
                origin = origin_of(request)
                sociallogin.user = provider_accounts.link(pk, sociallogin.account, origin=origin)
            elif sociallogin.is_existing:
                provider_accounts.check_known(sociallogin.user)
            else:
                provider_accounts.check_new(sociallogin.claims)
                provider_accounts.fill_in(sociallogin.user, sociallogin.claims)
        except NotSignedIn as reason:
            response = refused(request, reason.reason, sociallogin.state)
            raise ImmediateHttpResponse(response) from None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """``pre_social_login`` has checked it."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user, origin = sociallogin.user, origin_of(request)
        try:
            with transaction.atomic(), provider_accounts.acting_for(user, origin):
                Upstream.lock_current()
                super().save_user(request, sociallogin, form)
                provider_accounts.give_claimed_role(user, sociallogin.claims)
        except IntegrityError:
            # The same person, in another tab.
            response = refused(request, Reason.HAS_ACCOUNT, sociallogin.state)
            raise ImmediateHttpResponse(response) from None
        return user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        context = extra_context or {}
        if error == AuthError.CANCELLED:
            reason = Failure.CANCELLED
        elif isinstance(exception, identity_provider.NoAnswer):
            reason = Failure.UNREACHABLE
        elif exception is None and "state" not in context:
            reason = Failure.EXPIRED
        else:
            reason = Failure.NOT_CONFIRMED
        raise ImmediateHttpResponse(refused(request, reason, context.get("state"), exception))

    def get_requests_session(self) -> identity_provider.Session:
        return identity_provider.Session()
