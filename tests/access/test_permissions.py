from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from inbox import access
from inbox.access import PERMISSIONS, viewer_of
from inbox.people.demo import make_demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    make_demo(tokens={})


def permissions_of(name: str) -> set[str]:
    viewer = viewer_of(User.objects.get(username=name))
    return {permission for permission in PERMISSIONS if access.has_permission(viewer, permission)}


def give(permission: str) -> Permission:
    return Permission.objects.get(content_type__app_label="inbox", codename=permission)


def test_the_demos_lead_has_every_permission_and_no_one_else_has_any() -> None:
    assert permissions_of("tess") == set(PERMISSIONS)
    assert [permissions_of(name) for name in ("rina", "sam", "lee", "admin")] == [set()] * 4


def test_a_superuser_passes_has_perm_and_holds_none() -> None:
    admin = User.objects.get(username="admin")
    admin.groups.add(Group.objects.get(name="team lead"))
    assert admin.has_perm("inbox.manage_groups")
    assert permissions_of("admin") == set()


def test_a_permission_can_be_given_by_a_role() -> None:
    lead = Group.objects.get(name="team lead")
    lead.permissions.add(give("cancel_run"))
    User.objects.get(username="admin").groups.add(lead)
    assert permissions_of("admin") == {"cancel_run"}


def test_a_permission_without_the_role_is_not_enough() -> None:
    User.objects.get(username="rina").user_permissions.add(give("manage_groups"))
    assert permissions_of("rina") == set()


def test_an_accepted_suggestion_disappears_at_once_and_stays_away() -> None:
    User.objects.get(username="tess").user_permissions.remove(give("manage_groups"))
    assert permissions_of("tess") == PERMISSIONS.keys() - {"manage_groups"}
    make_demo(tokens={})
    assert permissions_of("tess") == PERMISSIONS.keys() - {"manage_groups"}


def test_migrating_creates_missing_permissions_once() -> None:
    Permission.objects.filter(codename__in=PERMISSIONS).delete()
    for _ in range(2):
        call_command("migrate", verbosity=0)
    found = Permission.objects.filter(codename__in=PERMISSIONS)
    assert sorted(found.values_list("codename", flat=True)) == sorted(PERMISSIONS)


def test_it_takes_one_query(django_assert_num_queries: Any) -> None:
    viewer = viewer_of(User.objects.get(username="tess"))
    with django_assert_num_queries(1):
        access.has_permission(viewer, "manage_groups")
