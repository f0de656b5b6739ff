import logging
import re
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from inbox.models import Decision, OneTimeLink
from inbox.people import accounts as people
from inbox.people import links

PASSWORD = "correct horse battery"
URL = "/accounts/link/"


@pytest.fixture
def rina(db: None) -> User:
    return User.objects.create_user("rina")


def token_in(link: str) -> str:
    assert link.startswith(f"http://127.0.0.1:8000{URL}?token=")
    return parse_qs(urlsplit(link).query)["token"][0]


def choose(token: str, client: Client | None = None, **fields: str) -> Any:
    given = {"new_password1": PASSWORD, "new_password2": PASSWORD, **fields}
    return (client or Client()).post(URL, {"token": token, **given})


def test_the_person_chooses_a_password_and_is_signed_in(rina: User) -> None:
    token, client = token_in(links.make_sign_in(rina)), Client()
    for _ in range(2):
        page = client.get(URL, {"token": token})
        assert page.status_code == 200
        assert page["Cache-Control"].startswith("max-age=0")
        assert page["Referrer-Policy"] == "origin"
        assert "You'll sign in as" in page.content.decode()
        assert "At least 8 characters" in page.content.decode()
    assert choose(token, client).status_code == 303
    assert client.get("/account/").status_code == 200
    rina.refresh_from_db()
    assert rina.check_password(PASSWORD)
    for answer in (Client().get(URL, {"token": token}), choose(token)):
        assert answer.status_code == 404
        assert "This link no longer works" in answer.content.decode()
        assert "has already been used" in answer.content.decode()
        assert "sign in with it" in answer.content.decode()
        assert "setup_link" not in answer.content.decode()
    again = client.get(URL, {"token": token})
    assert again.status_code == 404
    assert "Go to the inbox" in again.content.decode()


@pytest.mark.parametrize(
    ("fields", "why", "field"),
    [
        ({"new_password2": "another horse"}, "match", "new_password2"),
        ({"new_password1": "rina", "new_password2": "rina"}, "too short", "new_password1"),
    ],
)
def test_a_password_that_is_not_taken_leaves_the_link(
    rina: User, fields: dict[str, str], why: str, field: str
) -> None:
    token = token_in(links.make_sign_in(rina))
    answer = choose(token, **fields)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert why in page
    assert re.findall(r'<input[^>]* name="(\w+)"[^>]* autofocus', page) == [field]
    assert PASSWORD not in page
    assert choose(token).status_code == 303


def test_a_new_link_replaces_the_old(rina: User) -> None:
    old, new = (token_in(links.make_sign_in(rina)) for _ in range(2))
    assert choose(old).status_code == 404
    assert choose(new).status_code == 303


@pytest.mark.parametrize("why", ["too old", "deactivated", "unknown", "empty"])
def test_a_link_that_is_not_valid_changes_nothing(rina: User, why: str) -> None:
    token = token_in(links.make_sign_in(rina))
    match why:
        case "too old":
            OneTimeLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "deactivated":
            User.objects.update(is_active=False)
        case "unknown":
            token = "x" * 43
        case _:
            token = ""
    assert choose(token).status_code == 404
    rina.refresh_from_db()
    assert not rina.check_password(PASSWORD)


class Watching(MD5PasswordHasher):
    depths: ClassVar[list[int]] = []

    def encode(self, password: str, salt: str) -> str:
        self.depths.append(len(connection.savepoint_ids))
        return super().encode(password, salt)


def test_no_password_is_hashed_inside_a_transaction(rina: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.Watching"]
    settings.EMBEDDED = False
    outside = len(connection.savepoint_ids)
    links.set_password(token_in(links.make_sign_in(rina)), PASSWORD)
    people.add(people.Person("sam", mobius_id="user_sam"), password=PASSWORD)
    given = {"username": "root", "password1": PASSWORD, "password2": PASSWORD}
    Client().post(URL, {"token": token_in(links.make_setup()), **given})
    assert User.objects.filter(is_superuser=True).exists()
    assert Watching.depths == [outside] * 3


def test_each_kind_of_link_has_its_lifetime(rina: User) -> None:
    links.make_sign_in(rina)
    links.make_setup()
    lasts = {link.user: link.expires_at - timezone.now() for link in OneTimeLink.objects.all()}
    assert timedelta(hours=71.9) < lasts[rina] <= timedelta(hours=72)
    assert timedelta(minutes=59) < lasts[None] <= timedelta(hours=1)


def test_the_token_is_neither_stored_nor_logged(
    rina: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = token_in(links.make_sign_in(rina))
    choose(token, new_password2="another")
    choose(token)
    Client().get(URL, {"token": token})
    assert any("/accounts/link/" in message for message in caplog.messages)
    said = [m for record in caplog.records for m in (record.getMessage(), str(record.args))]
    statements = [one for one in said if connection.vendor not in one]
    assert not [one for one in statements if token in one]
    assert token not in str(list(OneTimeLink.objects.values()))


def test_the_setup_link_makes_the_first_administrator(db: None, settings: Any) -> None:
    settings.EMBEDDED = False
    replaced, token, client = token_in(links.make_setup()), token_in(links.make_setup()), Client()
    over = client.get(URL, {"token": replaced})
    assert over.status_code == 404
    assert "manage.py setup_link" in over.content.decode()
    assert "Create the first administrator" in client.get(URL, {"token": token}).content.decode()
    given = {"username": "root", "password1": PASSWORD, "password2": PASSWORD}
    weak = client.post(URL, {"token": token, **given, "password1": "x", "password2": "x"})
    assert weak.status_code == 422
    assert 'value="root"' in weak.content.decode()
    assert client.post(URL, {"token": token, **given}).status_code == 303
    root = User.objects.get(username="root")
    assert (root.is_superuser, root.is_staff, root.check_password(PASSWORD)) == (True,) * 3
    assert client.get("/account/").status_code == 200
    entries = Decision.objects.order_by("number").values_list("verb", "account", "credential_kind")
    assert list(entries) == [
        ("account_created", "root", "account"),
        ("permissions_changed", "root", "account"),
    ]
    again = token_in(links.make_setup())
    assert client.post(URL, {"token": again, **given, "username": "second"}).status_code == 404
    assert User.objects.count() == 1


def test_people_can_sign_in_as_usual_meanwhile(db: None, settings: Any) -> None:
    settings.EMBEDDED = False
    links.make_setup()
    assert Client().get("/accounts/login/").status_code == 200
