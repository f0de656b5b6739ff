"""Checks usernames and passwords, and loads the signed-in account."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import F
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from inbox.people.oidc.identity_provider import may_use_password


class ReviewerBackend(ModelBackend):
    """Also loads the account's reviewer and roles, in the same query.

    With an identity provider, a password works only for the administrator of ``OIDC_BREAK_GLASS``.
    """

    @sensitive_variables("password")
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The check takes equally long for people who can't use a password."""
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(user, User) or settings.OIDC is None:
            return user
        return user if user.is_superuser and may_use_password(user.get_username()) else None

    def get_user(self, user_id: Any) -> User | None:
        """None for a deactivated account."""
        # One row for each group, or one with None.
        rows = User.objects.filter(pk=user_id).annotate(role=F("groups__name"))
        accounts = list(rows.select_related("reviewer"))
        if not accounts or not self.user_can_authenticate(accounts[0]):
            return None
        user = accounts[0]
        user.role_names = {account.role for account in accounts}  # type: ignore[attr-defined]
        return user
