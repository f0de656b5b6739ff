"""*People*: who has an account, and adding, importing and linking them."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.access import REVIEWER
from inbox.mobius.types import Target
from inbox.models import Credential, Decision, Machine, OneTimeLink, Reviewer, Upstream
from tests.support.snapshots import ask
from tests.support.tampering import empty_log
from tests.web.cast import HTMX, sign_in, tell

pytestmark = pytest.mark.django_db

PAGE = "/people/"
LINK = re.compile(r"http://127\.0\.0\.1:8000/accounts/link/\?token=[\w-]{43}")


@pytest.fixture
def root(db: None) -> Client:
    User.objects.create_superuser("root")
    return sign_in("root")


def shown(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content.decode()
    return re.sub(r"\s+", " ", html.unescape(answer.content.decode()))


def person(**fields: str) -> dict[str, str]:
    return {"name": "rina", "mobius_id": "user_rina", "role": "reviewer", **fields}


def listed(page: str) -> list[str]:
    return re.findall(r'<strong class="w5">([^<]+)</strong>', page)


def test_people_are_listed_by_name_with_what_they_lack(people: None, settings: Any) -> None:
    settings.SERVICE_KEY_ANSWERS = "off"
    Credential.objects.filter(reviewer__user__username="sam").delete()
    User.objects.filter(username="lee").update(is_active=False)
    page = shown(sign_in("admin").get(PAGE))
    names = listed(page)
    assert names == sorted(names)
    assert "2 of 3 can answer" in page
    assert "No member token" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=SAM", ["Sam"]),
        ("q=user_tess", ["Tess"]),
        ("q=sam@example.com", ["Sam"]),
        ("q=nobody", []),
        ("role=lead", ["Tess"]),
        ("role=administrator", ["Admin"]),
        ("role=none", ["Nia"]),
        ("show=unable", ["Nia", "Rina"]),
        ("show=never&q=nia", ["Nia"]),
        ("show=deactivated", ["Lee"]),
        ("show=no_email&role=lead", ["Tess"]),
        ("show=rubbish&role=rubbish&page=99&q=tess", ["Tess"]),
    ],
)
def test_people_are_searched_and_filtered(
    query: str, found: list[str], people: None, settings: Any
) -> None:
    settings.SERVICE_KEY_ANSWERS = "off"
    User.objects.create_user("nia", first_name="Nia")
    User.objects.filter(username="lee").update(is_active=False)
    User.objects.filter(username="sam").update(email="sam@example.com")
    User.objects.filter(username="tess").update(email="")
    Credential.objects.filter(reviewer__user__username="rina").delete()
    assert listed(shown(sign_in("admin").get(f"{PAGE}?{query}"))) == found


def test_a_page_has_fifty_people_and_leads_to_the_next(root: Client) -> None:
    for number in range(60):
        User.objects.create_user(f"person{number:02}", first_name=f"Person {number:02}")
    first = shown(root.get(f"{PAGE}?q=person"))
    assert (len(listed(first)), "1–50 of 60" in first) == (50, True)
    assert 'href="/people/?q=person&page=2"' in first
    part = root.get(f"{PAGE}?q=person&page=2", headers=HTMX | {"HX-Target": "people-list"})
    assert listed(shown(part)) == [f"Person {number}" for number in range(50, 60)]


@pytest.mark.parametrize("name", ["rina", "tess"])
def test_the_pages_are_a_404_without_the_administrator_role(people: None, name: str) -> None:
    client = sign_in(name)
    for path in (PAGE, "/people/add/", "/people/import/"):
        assert client.get(path).status_code == 404
    assert client.post("/people/add/", person(name="eve")).status_code == 404
    assert "/people/" not in shown(client.get("/account/"))


def test_a_new_sign_in_link_has_a_button_that_copies_it(root: Client) -> None:
    page = shown(root.post("/people/add/", person()))
    [source] = re.findall(r'data-copy="#([\w-]+)"', page)
    assert re.findall(rf'id="{source}">([^<]+)<', page) == LINK.findall(page)


def test_a_person_is_added_with_an_id_that_was_seen(root: Client) -> None:
    tell(ask())
    assert '<option value="user_rina"></option>' in shown(root.get("/people/add/"))
    answer = root.post("/people/add/", person(full_name="Rina Kovacs", role="lead"))
    assert LINK.search(shown(answer))
    assert "no-store" in answer["Cache-Control"]
    rina = User.objects.get(username="rina")
    assert (rina.get_full_name(), rina.reviewer.mobius_id) == ("Rina Kovacs", "user_rina")
    entries = Decision.objects.filter(title="rina")
    assert {entry.account for entry in entries} == {"root"}
    page = shown(root.get(PAGE))
    assert not LINK.search(page)
    assert "Link not used yet" in page
    assert '<option value="user_rina"></option>' not in shown(root.get("/people/add/"))


def test_a_new_link_replaces_the_old_and_is_shown_once(root: Client) -> None:
    root.post("/people/add/", person())
    old = OneTimeLink.objects.get().token_hash
    rina = User.objects.get(username="rina")
    assert LINK.search(shown(root.post(f"/people/{rina.pk}/link")))
    assert OneTimeLink.objects.get().token_hash != old
    assert root.post("/people/999/link").status_code == 404


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": "root"}, "root already has an account."),
        ({"name": ""}, "Enter a username."),
        ({"mobius_id": ""}, "Enter a Mobius ID."),
        ({"name": "two words"}, "Enter a valid username"),
    ],
)
def test_the_form_keeps_a_person_who_cannot_be_added(
    root: Client, fields: dict[str, str], why: str
) -> None:
    page = shown(root.post("/people/add/", person(full_name="Rina L", **fields)), 422)
    assert why in page
    assert 'value="Rina L"' in page
    assert page.count("autofocus") == 1
    assert User.objects.count() == 1


def test_a_file_is_previewed_before_anyone_is_added(root: Client) -> None:
    text = "name,full_name,mobius_id,role,admin\nrina,Rina,user_rina,,\ntess,,user_tess,lead,\n"
    file = SimpleUploadedFile("people.csv", text.encode())
    page = shown(root.post("/people/import/", {"file": file}))
    assert "No one has been added yet." in page
    assert 'id="import"' in page
    assert "Add 2 people" in page
    assert not LINK.search(page)
    assert (User.objects.count(), OneTimeLink.objects.count()) == (1, 0)
    with CaptureQueriesContext(connections["default"]) as queries:
        root.post("/people/import/", {"text": text})
    writes = ("BEGIN", "SAVEPOINT", "INSERT", "UPDATE", "DELETE")
    assert not [query["sql"] for query in queries if query["sql"].startswith(writes)]
    done = root.post("/people/import/", {"text": text, "confirmed": "yes"})
    assert len(LINK.findall(shown(done))) == 2
    again = shown(root.post("/people/import/", {"text": text, "confirmed": "yes"}), 422)
    assert "2 people can't be added, so no one was." in again
    assert "tess already has an account." in again


def test_a_file_is_refused_as_a_whole_if_a_name_was_taken_since_the_preview(root: Client) -> None:
    text = "name,mobius_id\nrina,user_rina\ntess,user_tess\n"
    assert "Add 2 people" in shown(root.post("/people/import/", {"text": text}))
    root.post("/people/add/", person())
    page = shown(root.post("/people/import/", {"text": text, "confirmed": "yes"}), 422)
    assert "1 person can't be added, so no one was." in page
    assert not User.objects.filter(username="tess").exists()


def test_an_import_logs_and_names_people_as_adding_each_does(root: Client) -> None:
    rows = ("rina,Rina L,user_rina,lead,yes", "rita,Rina L,user_rita,,")
    for row in rows:
        name, full_name, mobius_id, role, admin = row.split(",")
        given = person(name=name, full_name=full_name, mobius_id=mobius_id, role=role or "reviewer")
        root.post("/people/add/", given | ({"admin": "on"} if admin else {}))
    added = _accounts()
    User.objects.filter(username__in=["rina", "rita"]).delete()
    empty_log()
    text = "\n".join(["name,full_name,mobius_id,role,admin", *rows])
    root.post("/people/import/", {"text": text, "confirmed": "yes"})
    assert _accounts() == added
    assert added[0][0] == "Rina L (rina)"


def _accounts() -> list[tuple[Any, ...]]:
    return [
        (
            row.name,
            row.mobius_id,
            sorted(
                (entry.verb, str(entry.value), entry.account)
                for entry in Decision.objects.filter(title=row.user.username)
            ),
            OneTimeLink.objects.filter(user=row.user).count(),
        )
        for row in Reviewer.objects.exclude(user__username="root").order_by("user__username")
    ]


def test_a_file_that_cannot_be_read_says_why(root: Client) -> None:
    file = SimpleUploadedFile("people.csv", b"\xff\xfe")
    assert "UTF-8 text" in shown(root.post("/people/import/", {"file": file}), 422)
    assert "Choose a CSV file." in shown(root.post("/people/import/"), 422)


def given(client: Client, mobius_id: str, username: str) -> Any:
    account = User.objects.get(username=username).pk
    return client.post("/people/give", {"mobius_id": mobius_id, "account": account})


def unknown(page: str) -> list[str]:
    return re.findall(r'name="mobius_id" value="(user_\w+)"', page)


@pytest.fixture
def asked_of_unknown(people: None) -> None:
    Upstream.current()
    Upstream.objects.update(generation="c")
    for_new = Target(type="user", id="user_new")
    tell(
        ask("int_1"),
        ask("int_2", target=for_new),
        ask("int_3", target=for_new),
        ask("int_4", target=Target(type="group", id=""), members=("user_other", "agent_1")),
    )
    Machine.objects.create(mobius_id="agent_1", name="Scout")


@pytest.mark.usefixtures("asked_of_unknown", "synced")
def test_an_id_of_open_questions_is_given_to_an_account_without_one(root: Client) -> None:
    User.objects.create_user("nia")
    page = shown(root.get(PAGE))
    assert unknown(page) == ["user_new", "user_other"]
    assert "2 open questions" in page
    assert given(root, "user_new", "nia").status_code == 303
    assert unknown(shown(root.get(PAGE))) == ["user_other"]
    assert Decision.objects.filter(verb="mobius_id_changed", title="nia").count() == 1
    User.objects.get(username="nia").groups.add(Group.objects.get(name=REVIEWER))
    inbox = shown(sign_in("nia").get("/inbox/"))
    assert 'id="entry-int_2"' in inbox
    assert 'id="entry-int_3"' in inbox


@pytest.mark.usefixtures("asked_of_unknown", "synced")
def test_an_id_that_can_no_longer_be_given_is_explained(root: Client) -> None:
    nia, eli = User.objects.create_user("nia"), User.objects.create_user("eli")
    assert given(root, "user_new", "nia").status_code == 303
    assert given(root, "user_new", "nia").status_code == 303
    page = shown(given(root, "user_other", "nia"), 422)
    assert "nia already has the Mobius ID user_new." in page
    assert "user_new is the Mobius ID of nia." in shown(given(root, "user_new", "eli"), 422)
    User.objects.filter(pk=eli.pk).update(is_active=False)
    assert "The account eli is deactivated." in shown(given(root, "user_other", "eli"), 422)
    assert "Choose an account." in shown(
        root.post("/people/give", {"mobius_id": "user_other"}), 422
    )
    assert Reviewer.objects.get(user=nia).mobius_id == "user_new"
    assert Reviewer.objects.get(user=eli).mobius_id is None


@pytest.mark.usefixtures("asked_of_unknown", "synced")
def test_unknown_people_are_listed_where_ids_are_all_that_mobius_says(root: Client) -> None:
    Upstream.objects.update(generation="a")
    assert "Unknown people" not in shown(root.get(PAGE))
