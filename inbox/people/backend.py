"""Signing in with a username and a password, and who is signed in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import F


class ReviewerBackend(ModelBackend):
    """Django's backend, which also loads the account's reviewer and roles, in the same query."""

    def get_user(self, user_id: Any) -> User | None:
        """The account, unless it is deactivated. ``role_names`` has the names of its groups."""
        # One row for each group, or one with None.
        rows = User.objects.filter(pk=user_id).annotate(role=F("groups__name"))
        accounts = list(rows.select_related("reviewer"))
        if not accounts or not self.user_can_authenticate(accounts[0]):
            return None
        user = accounts[0]
        user.role_names = {account.role for account in accounts}  # type: ignore[attr-defined]
        return user
