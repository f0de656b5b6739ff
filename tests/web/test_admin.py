from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.test import Client
from pydantic import SecretStr

from inbox.audit.decision_log import Entry, append
from inbox.models import Credential, Decision, Interaction, Reviewer, Upstream
from inbox.people import credentials
from tests.web.cast import sign_in

TOKEN = "mbc_0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def boss(people: None) -> Client:
    return sign_in("admin")


def path_of(username: str) -> str:
    return f"/admin/auth/user/{User.objects.get(username=username).pk}/change/"


def give(boss: Client, username: str, mobius_id: str) -> Any:
    user = User.objects.get(username=username)
    joined = user.date_joined
    return boss.post(
        path_of(username),
        {
            "username": username,
            "is_active": "on",
            "date_joined_0": joined.date().isoformat(),
            "date_joined_1": joined.strftime("%H:%M:%S"),
            "groups": list(user.groups.values_list("pk", flat=True)),
            "reviewer-TOTAL_FORMS": "1",
            "reviewer-INITIAL_FORMS": "1",
            "reviewer-0-id": str(user.reviewer.pk),
            "reviewer-0-user": str(user.pk),
            "reviewer-0-mobius_id": mobius_id,
        },
    )


def mobius_id(username: str) -> str | None:
    return Reviewer.objects.get(user__username=username).mobius_id


def test_an_administrator_sets_a_mobius_id(boss: Client) -> None:
    assert give(boss, "rina", "user_rina_2").status_code == 302
    assert mobius_id("rina") == "user_rina_2"


@pytest.mark.parametrize("wrong", ["user_rina\r\nuser_sam", "user\x1b[2J", "user_rina\u2028x"])
def test_a_mobius_id_is_one_line_of_printing_characters(boss: Client, wrong: str) -> None:
    answer = give(boss, "rina", wrong)
    assert "contain line breaks" in answer.content.decode()
    assert mobius_id("rina") == "user_rina"


def test_the_old_ids_token_goes_with_it(boss: Client) -> None:
    rina = Reviewer.objects.get(user__username="rina")
    credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_rina")
    give(boss, "rina", "user_rina")
    assert Credential.objects.filter(reviewer=rina).exists()
    give(boss, "rina", "user_rina_2")
    assert not Credential.objects.filter(reviewer=rina).exists()


def taken_tokens() -> list[tuple[Any, ...]]:
    entries = Decision.objects.filter(verb="token_removed").order_by("number")
    return list(entries.values_list("account", "address", "credential_kind", "value", "title"))


def test_a_token_that_goes_with_its_id_is_in_the_log(boss: Client, tess: Client) -> None:
    rina = Reviewer.objects.get(user__username="rina")
    credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_rina")
    give(boss, "rina", "user_rina_2")
    value = {"before": TOKEN[-4:]}
    assert taken_tokens() == [("admin", "127.0.0.1", "account", value, "rina")]
    assert "Member token of rina" in tess.get("/decisions/").content.decode()
    give(boss, "rina", "user_rina_3")
    assert len(taken_tokens()) == 1


def test_tokens_that_go_with_their_accounts_are_in_the_log(boss: Client) -> None:
    owners = [User.objects.get(username=name) for name in ("rina", "sam", "lee")]
    for user in owners:
        credentials.adopt(user.reviewer, token=SecretStr(TOKEN), owner=user.reviewer.mobius_id)
    one, *others = [str(user.pk) for user in owners]
    assert boss.post(f"/admin/auth/user/{one}/delete/", {"post": "yes"}).status_code == 302
    ticked = {"action": "delete_selected", "_selected_action": others, "post": "yes"}
    assert boss.post("/admin/auth/user/", ticked).status_code == 302
    assert not User.objects.filter(pk__in=[user.pk for user in owners]).exists()
    gone = [title for *_, title in taken_tokens()]
    assert (gone[0], sorted(gone[1:])) == ("rina", ["lee", "sam"])


def test_no_two_accounts_are_one_person(boss: Client) -> None:
    answer = give(boss, "rina", "user_sam")
    assert answer.status_code == 200
    assert "already exists" in answer.content.decode()
    assert mobius_id("rina") == "user_rina"


def test_an_id_can_be_taken_away_from_several(boss: Client) -> None:
    for name in ("rina", "sam"):
        assert give(boss, name, "").status_code == 302
        assert mobius_id(name) is None


def test_a_new_account_is_made_with_its_place(boss: Client) -> None:
    answer = boss.post(
        "/admin/auth/user/add/",
        {
            "username": "mallory",
            "password1": "brass-kettle-42",
            "password2": "brass-kettle-42",
            "usable_password": "true",
        },
    )
    assert answer.status_code == 302
    assert mobius_id("mallory") is None
    assert boss.get(path_of("mallory")).status_code == 200


def test_no_page_shows_a_token(boss: Client) -> None:
    rina = Reviewer.objects.get(user__username="rina")
    credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_rina")
    for path in ("/admin/", "/admin/auth/user/", path_of("rina")):
        page = boss.get(path).content.decode()
        assert TOKEN not in page
        assert TOKEN[:8] not in page


def test_changes_by_an_administrator_are_logged(boss: Client, tess: Client) -> None:
    user = User.objects.get(username="sam")
    lead = Group.objects.get(name="team lead")
    boss.post(
        path_of("sam"),
        {
            "username": "sam",
            "date_joined_0": user.date_joined.date().isoformat(),
            "date_joined_1": user.date_joined.strftime("%H:%M:%S"),
            "is_staff": "on",
            "groups": [lead.pk],
            "reviewer-TOTAL_FORMS": "1",
            "reviewer-INITIAL_FORMS": "1",
            "reviewer-0-id": str(user.reviewer.pk),
            "reviewer-0-user": str(user.pk),
            "reviewer-0-mobius_id": "user_samuel",
        },
    )
    entries = Decision.objects.order_by("number")
    assert {(each.account, each.credential_kind, each.address) for each in entries} == {
        ("admin", "account", "127.0.0.1")
    }
    changes = [(each.verb, each.value["before"], each.value.get("after")) for each in entries]
    assert changes == [
        ("account_switched_off", "on", "off"),
        ("permissions_changed", [], ["staff"]),
        ("roles_changed", ["reviewer"], []),
        ("roles_changed", [], ["team lead"]),
        ("mobius_id_changed", "user_sam", "user_samuel"),
        ("token_removed", "0000", None),
    ]
    page = tess.get("/decisions/").content.decode()
    assert "Account sam" in page
    assert "user_sam → user_samuel" in page


def test_a_roles_permissions_are_in_the_log(boss: Client) -> None:
    role = Group.objects.get(name="team lead")
    given = Permission.objects.get(codename="cancel_run")
    boss.post(
        f"/admin/auth/group/{role.pk}/change/", {"name": role.name, "permissions": [given.pk]}
    )
    entry = Decision.objects.get()
    assert (entry.verb, entry.account, entry.value) == (
        "permissions_changed",
        "admin",
        {"role": "team lead", "before": [], "after": ["inbox.cancel_run"]},
    )


def test_tokens_drafts_and_the_mirror_are_not_registered() -> None:
    ours = set(apps.get_app_config("inbox").get_models())
    assert set(admin.site._registry) & ours == {Decision}


def test_the_log_is_only_read(boss: Client) -> None:
    with transaction.atomic():
        item = Interaction(mobius_id="int_1", title="Let Ada go?")
        said = {"value": True, "comment": "She knows", "shown": {"message": "Let Ada go?"}}
        rina = {"upstream": Upstream.current(), "actor": "user_rina"}
        append(Entry(verb="respond", item=item, **rina, **said))
    entry = Decision.objects.get()
    assert "int_1" in boss.get("/admin/inbox/decision/").content.decode()
    path = f"/admin/inbox/decision/{entry.pk}/"
    entry_page = boss.get(path + "change/").content.decode()
    assert entry.hash in entry_page
    for kept_back in ("Ada", "She knows"):
        assert kept_back not in entry_page
    assert boss.post(path + "change/", {"verb": "x"}).status_code == 403
    assert boss.post(path + "delete/", {"post": "yes"}).status_code == 403
    assert boss.get("/admin/inbox/decision/add/").status_code == 403


@pytest.mark.parametrize("name", ["comment", "value", "shown", "title", "workflow"])
def test_answers_cannot_be_guessed_with_a_filter(boss: Client, name: str) -> None:
    answer = boss.get(f"/admin/inbox/decision/?{name}__icontains=a")
    assert answer.status_code == 400
    assert boss.get("/admin/inbox/decision/?actor__icontains=a").status_code == 200


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_only_administrators_can_open_it(people: None, name: str) -> None:
    assert sign_in(name).get("/admin/").status_code == 302


def test_signed_out_it_asks_to_sign_in(people: None) -> None:
    assert Client().get("/admin/")["Location"] == "/accounts/login/?next=/admin/"


def test_administrators_read_changes_of_rights_but_no_answers(boss: Client) -> None:
    User.objects.get(username="sam").groups.clear()
    assert "sam: Reviewer → none" in boss.get("/admin/inbox/decision/").content.decode()
    entry = Decision.objects.get()
    page = boss.get(f"/admin/inbox/decision/{entry.pk}/change/").content.decode()
    assert "sam: Reviewer → none" in page


def test_actions_and_credentials_have_their_labels(boss: Client) -> None:
    User.objects.get(username="sam").groups.clear()
    german = {"Accept-Language": "de"}
    page = boss.get("/admin/inbox/decision/?verb=roles_changed", headers=german).content.decode()
    assert page.count("Rollen geändert") == 2
    assert ">roles_changed<" not in page
    assert boss.get("/admin/inbox/decision/?credential_kind=account").status_code == 200


def test_names_of_permissions_are_translated(boss: Client) -> None:
    Permission.objects.filter(codename="cancel_run").update(name="Password")
    lead = Group.objects.get(name="team lead")
    path = f"/admin/auth/group/{lead.pk}/change/"
    page = boss.get(path, headers={"Accept-Language": "de"}).content.decode()
    assert "| Passwort</option>" in page


def test_an_account_has_no_list_of_all_permissions_and_keeps_those_it_has(boss: Client) -> None:
    tess = User.objects.get(username="tess")
    tess.user_permissions.add(Permission.objects.get(codename="view_user"))
    before = set(tess.user_permissions.values_list("codename", flat=True))
    page = boss.get(path_of("tess")).content.decode()
    assert "user_permissions" not in page
    assert '<a href="/permissions/">Change roles and permissions</a>' in page
    assert give(boss, "tess", "user_tess_2").status_code == 302
    assert set(tess.user_permissions.values_list("codename", flat=True)) == before
