"""The two roles, as Django groups, and a place in Mobius for every account.

Made after each migrate, not by a migration: on an empty database the accounts' tables come later.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import router

from inbox.access import ROLES
from inbox.models import Reviewer


def make_roles(*, using: str, **_: Any) -> None:
    """Receiver of ``post_migrate``: groups, and reviewers for accounts older than this app."""
    if not router.allow_migrate(using, "inbox", model_name="reviewer"):
        return
    for name in ROLES:
        Group.objects.using(using).get_or_create(name=name)
    for user in get_user_model().objects.using(using).filter(reviewer=None):
        Reviewer.objects.using(using).create(user=user)
