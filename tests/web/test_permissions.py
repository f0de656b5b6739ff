import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from inbox.access import PERMISSIONS, has_permission, viewer_of
from inbox.audit.verify import verify
from inbox.models import Decision
from inbox.people.accounts import RIGHTS
from tests.support.tags import text_of
from tests.web.cast import sign_in

PATH = "/permissions/"
BOX = re.compile(r'<input class="tick"[^>]*?value="([^"]+)"([^>]*)>', re.DOTALL)


@pytest.fixture
def boss(people: None) -> Client:
    return sign_in("admin")


class Form:
    def __init__(self, client: Client, query: str = "") -> None:
        self.client = client
        self.page = client.get(PATH + query).content.decode()
        self.boxes = dict(BOX.findall(self.page))
        self.checked = {
            value
            for value, attributes in self.boxes.items()
            if "checked" in attributes and "disabled" not in attributes
        }

    def press(self, username: str, right: str) -> None:
        value = f"{User.objects.get(username=username).pk}:{right}"
        assert value in self.boxes
        self.checked ^= {value}

    def save(self) -> str:
        hidden = dict(re.findall(r'type="hidden" name="(shown|after)" value="([^"]*)"', self.page))
        answer = self.client.post(f"{PATH}change", {**hidden, "right": sorted(self.checked)})
        assert answer.status_code == 303
        return text_of(self.client.get(answer["Location"]).content.decode())


def rights_of(username: str) -> set[str]:
    user = User.objects.get(username=username)
    roles = set(user.groups.values_list("name", flat=True))
    return roles | set(user.user_permissions.values_list("codename", flat=True))


def entries() -> list[tuple[Any, ...]]:
    assert verify().intact
    rows = Decision.objects.order_by("number")
    return [
        (row.verb, row.account, row.title, row.value["before"], row.value["after"]) for row in rows
    ]


def test_it_shows_who_has_what(boss: Client) -> None:
    form = Form(boss)
    users = User.objects.all()
    assert form.checked == {
        f"{user.pk}:{right}" for user in users for right in rights_of(user.username)
    }
    assert len(form.boxes) == len(RIGHTS) * len(users)


def test_each_change_is_made_and_logged(boss: Client) -> None:
    form = Form(boss)
    form.press("sam", "team lead")
    form.press("sam", "cancel_run")
    form.press("tess", "manage_groups")
    assert "The permissions of 2 people were changed." in form.save()
    assert rights_of("sam") == {"reviewer", "team lead", "cancel_run"}
    kept = PERMISSIONS.keys() - {"manage_groups"}
    assert rights_of("tess") == {"reviewer", "team lead", *kept}
    assert has_permission(viewer_of(User.objects.get(username="sam")), "cancel_run")
    before, after = (sorted(f"inbox.{name}" for name in names) for names in (PERMISSIONS, kept))
    assert sorted(entries()) == [
        ("permissions_changed", "admin", "sam", [], ["inbox.cancel_run"]),
        ("permissions_changed", "admin", "tess", before, after),
        ("roles_changed", "admin", "sam", ["reviewer"], ["reviewer", "team lead"]),
    ]
    assert set(Decision.objects.values_list("credential_kind", "address")) == {
        ("account", "127.0.0.1")
    }


def test_a_role_can_be_replaced_at_once(boss: Client) -> None:
    form = Form(boss)
    form.press("sam", "reviewer")
    form.press("sam", "team lead")
    assert "The permissions of 1 person were changed." in form.save()
    assert rights_of("sam") == {"team lead"}


def test_saving_without_a_change_does_nothing(boss: Client) -> None:
    assert "Nothing was changed." in Form(boss).save()
    assert entries() == []


def test_what_someone_else_has_changed_meanwhile_stays(boss: Client) -> None:
    form = Form(boss)
    User.objects.get(username="rina").groups.clear()
    form.press("sam", "signal_run")
    form.save()
    assert rights_of("rina") == set()
    assert rights_of("sam") == {"reviewer", "signal_run"}


def test_a_permission_that_a_role_gives_is_shown_and_stays(boss: Client) -> None:
    tess = User.objects.get(username="tess")
    tess.user_permissions.clear()
    cancel = Permission.objects.get(codename="cancel_run")
    Group.objects.get(name="team lead").permissions.add(cancel)
    form = Form(boss)
    assert "checked disabled" in form.boxes[f"{tess.pk}:cancel_run"]
    assert "by role" in form.page
    form.save()
    assert has_permission(viewer_of(User.objects.get(username="tess")), "cancel_run")


@pytest.mark.parametrize("value", ["0:reviewer", "x", "1:auth.view_user", "1:", ":reviewer"])
def test_what_the_page_does_not_offer_changes_nothing(boss: Client, value: str) -> None:
    answer = boss.post(f"{PATH}change", {"right": value, "shown": ""})
    assert answer.status_code == 303
    assert entries() == []


def test_many_people_have_several_pages(boss: Client) -> None:
    User.objects.bulk_create(User(username=f"person{n:03}") for n in range(60))
    first = Form(boss)
    assert len(first.boxes) == len(RIGHTS) * 50
    query = re.findall(r'href="/permissions/(\?after=[^"]+)"', first.page)[0]
    second = Form(boss, query)
    assert not first.boxes.keys() & second.boxes.keys()
    assert len(second.boxes) == len(RIGHTS) * (User.objects.count() - 50)
    second.press("tess", "signal_run")
    second.save()
    assert "signal_run" not in rights_of("tess")
    assert "team lead" in rights_of("tess")


def test_administrators_find_it(boss: Client) -> None:
    assert 'href="/permissions/"' in boss.get("/connection/").content.decode()
