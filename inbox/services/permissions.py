"""Giving people roles and permissions, and taking them away. ``rights_log`` logs each change."""

from collections.abc import Set

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction

from inbox.access import PERMISSIONS, ROLES
from inbox.models import Upstream

RIGHTS = (*ROLES, *PERMISSIONS)
"""What can be given: names of roles, codenames of permissions."""

Right = tuple[int, str]
"""An account's ID, and one of ``RIGHTS`` that it has itself."""


@transaction.atomic
def change(*, given: Set[Right], taken: Set[Right]) -> int:
    """Give and take rights. Returns how many people this changes; unknown accounts are skipped."""
    # The log's lock comes first, as for every other change of an account.
    Upstream.lock_present()
    roles = {role.name: role for role in Group.objects.filter(name__in=ROLES)}
    permissions = {
        permission.codename: permission
        for permission in Permission.objects.filter(
            content_type__app_label="inbox", codename__in=PERMISSIONS
        )
    }
    users = User.objects.filter(pk__in={user_id for user_id, _ in given | taken})
    for user in users:
        to_give = {right for user_id, right in given if user_id == user.pk}
        to_take = {right for user_id, right in taken if user_id == user.pk}
        user.groups.add(*(roles[right] for right in to_give & roles.keys()))
        user.groups.remove(*(roles[right] for right in to_take & roles.keys()))
        user.user_permissions.add(*(permissions[right] for right in to_give & permissions.keys()))
        user.user_permissions.remove(
            *(permissions[right] for right in to_take & permissions.keys())
        )
    return len(users)
