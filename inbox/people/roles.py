"""Roles as Django groups, the leads' permissions, and a reviewer for every account.

They are created after each migrate, not by a migration: on an empty database the accounts' tables
come later.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import router

from inbox.access import PERMISSIONS, ROLES
from inbox.models import Reviewer


def make_roles(*, using: str, **_: Any) -> None:
    """Also creates reviewers for accounts older than this app."""
    if not router.allow_migrate(using, "inbox", model_name="reviewer"):
        return
    for name in ROLES:
        Group.objects.using(using).get_or_create(name=name)
    # A permission needs the content type of some model.
    about = ContentType.objects.db_manager(using).get_for_model(Reviewer)
    for codename, words in PERMISSIONS.items():
        Permission.objects.using(using).get_or_create(
            content_type=about, codename=codename, defaults={"name": words}
        )
    for user in get_user_model().objects.using(using).filter(reviewer=None):
        Reviewer.objects.using(using).create(user=user)


def make_reviewer(*, instance: Any, created: bool, raw: bool, using: str, **_: Any) -> None:
    if created and not raw:
        Reviewer.objects.using(using).get_or_create(user=instance)
