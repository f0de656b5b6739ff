"""Every change of someone's identity or rights is in the decision log, however it was made."""

import os
import pwd
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command

from inbox.audit.verify import verify
from inbox.models import Decision, Reviewer
from tests.support.tampering import empty_log

REVIEWER, LEAD = "reviewer", "team lead"
CANCEL, SIGNAL = "inbox.cancel_run", "inbox.signal_run"


@pytest.fixture
def rina(db: None) -> User:
    user = User.objects.create_user("rina")
    user.groups.add(role(REVIEWER))
    user.user_permissions.add(permission(CANCEL))
    empty_log()
    return user


def role(name: str) -> Group:
    return Group.objects.get(name=name)


def permission(name: str) -> Permission:
    return Permission.objects.get(codename=name.partition(".")[2])


def entered() -> list[tuple[str, str, Any, Any]]:
    rows = Decision.objects.order_by("number").values_list("verb", "title", "value")
    assert all(title in value.values() for _, title, value in rows)
    assert verify().intact
    return [(verb, title, value["before"], value["after"]) for verb, title, value in rows]


def test_a_mobius_id_is_entered(rina: User) -> None:
    reviewer = Reviewer.objects.get(user=rina)
    for mobius_id in ("user_rina", "user_rina", "user_other", None):
        reviewer.mobius_id = mobius_id
        reviewer.save()
    assert entered() == [
        ("mobius_id_changed", "rina", None, "user_rina"),
        ("mobius_id_changed", "rina", "user_rina", "user_other"),
        ("mobius_id_changed", "rina", "user_other", None),
    ]


def test_a_role_is_entered_from_either_side(rina: User) -> None:
    rina.groups.add(role(REVIEWER), role(LEAD))
    role(LEAD).user_set.remove(rina)
    role(LEAD).user_set.remove(rina)
    rina.groups.set([role(LEAD)])
    role(LEAD).user_set.clear()
    assert entered() == [
        ("roles_changed", "rina", [REVIEWER], [REVIEWER, LEAD]),
        ("roles_changed", "rina", [REVIEWER, LEAD], [REVIEWER]),
        ("roles_changed", "rina", [REVIEWER], []),
        ("roles_changed", "rina", [], [LEAD]),
        ("roles_changed", "rina", [LEAD], []),
    ]


def test_a_role_that_is_renamed_or_deleted_is_a_change_for_who_has_it(rina: User) -> None:
    created = Group.objects.create(name="trainee")
    rina.groups.add(created)
    empty_log()
    created.name = "apprentice"
    created.save()
    created.delete()
    assert entered() == [
        ("roles_changed", "rina", [REVIEWER, "trainee"], ["apprentice", REVIEWER]),
        ("roles_changed", "rina", ["apprentice", REVIEWER], [REVIEWER]),
    ]


def test_a_permission_is_entered_for_a_person_and_for_a_role(rina: User) -> None:
    rina.user_permissions.add(permission(SIGNAL))
    permission(SIGNAL).user_set.clear()
    role(LEAD).permissions.add(permission(SIGNAL))
    permission(SIGNAL).delete()
    rina.user_permissions.clear()
    assert entered() == [
        ("permissions_changed", "rina", [CANCEL], [CANCEL, SIGNAL]),
        ("permissions_changed", "rina", [CANCEL, SIGNAL], [CANCEL]),
        ("permissions_changed", LEAD, [], [SIGNAL]),
        ("permissions_changed", LEAD, [SIGNAL], []),
        ("permissions_changed", "rina", [CANCEL], []),
    ]


def test_the_staff_and_superuser_flags_are_permissions(rina: User) -> None:
    rina.is_staff = True
    rina.save()
    rina.is_superuser = True
    rina.save(update_fields=["is_superuser"])
    assert entered() == [
        ("permissions_changed", "rina", [CANCEL], ["staff", CANCEL]),
        ("permissions_changed", "rina", ["staff", CANCEL], ["staff", "superuser", CANCEL]),
    ]


def test_an_account_is_made_deactivated_renamed_and_deleted(rina: User) -> None:
    lee = User.objects.create_user("lee")
    lee.is_active = False
    lee.save()
    lee.is_active, lee.username = True, "lee2"
    lee.save()
    rina.delete()
    assert entered() == [
        ("account_created", "lee", None, "on"),
        ("account_switched_off", "lee", "on", "off"),
        ("account_renamed", "lee2", "lee", "lee2"),
        ("account_switched_on", "lee2", "off", "on"),
        (
            "account_deleted",
            "rina",
            {"mobius_id": None, "roles": [REVIEWER], "permissions": [CANCEL]},
            None,
        ),
    ]


def test_changes_of_other_fields_are_not_entered(rina: User) -> None:
    rina.is_superuser = True
    rina.last_name = "Kovacs"
    rina.save(update_fields=["last_name"])
    rina.refresh_from_db()
    rina.email = "rina@example.com"
    rina.save()
    assert entered() == []


def test_a_command_is_entered_with_the_user_of_the_system(db: None) -> None:
    call_command(
        "createsuperuser", "--noinput", username="root", email="root@example.com", stdout=StringIO()
    )
    assert entered() == [
        ("account_created", "root", None, "on"),
        ("permissions_changed", "root", [], ["staff", "superuser"]),
    ]
    system_user = pwd.getpwuid(os.geteuid()).pw_name
    who = Decision.objects.values_list("credential_kind", "account", "actor", "address")
    assert set(who) == {("command", system_user, "", "")}
