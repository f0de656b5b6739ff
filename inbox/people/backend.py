"""Signing in with a username and a password, and who is signed in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import F


class ReviewerBackend(ModelBackend):
    """As Django's. The account of each request comes with its reviewer and its roles, which every
    page needs: one query instead of two."""

    def get_user(self, user_id: Any) -> User | None:
        """The account, unless it is deactivated. ``role_names`` are the names of its groups."""
        # A row for each group, and one without where there is none.
        rows = User.objects.filter(pk=user_id).annotate(role=F("groups__name"))
        accounts = list(rows.select_related("reviewer"))
        if not accounts or not self.user_can_authenticate(accounts[0]):
            return None
        user = accounts[0]
        user.role_names = {account.role for account in accounts}  # type: ignore[attr-defined]
        return user
