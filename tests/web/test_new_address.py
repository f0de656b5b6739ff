"""People set their own email address, which counts once a link that was sent to it is confirmed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from inbox.models import KeptMessage, LinkRequest
from inbox.notify import link_requests
from inbox.people import new_address
from tests.support.identity_provider import oidc
from tests.support.mailbox import Mailbox
from tests.support.tags import text_of
from tests.web import cast

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

CHANGE = "/account/address"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/accounts/address/[^/\s]+/)")
OLD, NEW = "rina@example.com", "rina@new.example.com"


@pytest.fixture(autouse=True)
def rina(db: None) -> User:
    cast.people()
    User.objects.filter(username="rina").update(email=OLD)
    return User.objects.get(username="rina")


@pytest.fixture
def client() -> Client:
    return cast.sign_in("rina")


def change(client: Client, address: str = NEW, password: str = "demo") -> Any:
    return client.post(CHANGE, {"new_email": address, "password": password})


def send() -> None:
    async_to_sync(link_requests.send_due)(timezone.now())


def link_in(mail: Any) -> str:
    [path] = LINK.findall(mail.get_payload(decode=True).decode())
    return str(path)


def address() -> str:
    return User.objects.get(username="rina").email


def account(client: Client) -> str:
    return text_of(client.get("/account/").content.decode())


def test_a_new_address_counts_once_its_link_was_confirmed(client: Client, mailbox: Mailbox) -> None:
    assert change(client).status_code == 303
    send()
    send()
    [mail] = mailbox.mails
    assert mail["To"] == NEW
    assert address() == OLD
    assert f"{NEW} isn't confirmed yet" in account(client)
    path = link_in(mail)
    for visit in (Client().get, Client().head, client.get):
        assert visit(path).status_code == 200
    assert address() == OLD
    visitor = Client()
    confirmed = visitor.post(path)
    assert f"Notifications now go to {NEW}." in text_of(confirmed.content.decode())
    assert address() == NEW
    assert "isn't confirmed yet" not in account(client)
    # Neither is anyone signed in, nor does it work again.
    assert visitor.get("/account/").status_code == 302
    assert visitor.post(path).status_code == 404


def test_an_old_link_does_nothing(client: Client, mailbox: Mailbox, monkeypatch: Any) -> None:
    change(client)
    send()
    monkeypatch.setattr(new_address, "LASTS", timedelta())
    assert Client().post(link_in(mailbox.mails[0])).status_code == 404
    assert address() == OLD


def test_a_link_of_a_replaced_or_discarded_address_does_nothing(
    client: Client, mailbox: Mailbox
) -> None:
    change(client)
    send()
    change(client, "other@example.com")
    client.post("/account/address/discard")
    send()
    [mail] = mailbox.mails
    assert Client().post(link_in(mail)).status_code == 404
    assert address() == OLD
    assert "isn't confirmed yet" not in account(client)


def test_a_link_of_a_deactivated_account_does_nothing(client: Client, mailbox: Mailbox) -> None:
    change(client)
    send()
    User.objects.filter(username="rina").update(is_active=False)
    assert Client().post(link_in(mailbox.mails[0])).status_code == 404
    assert Client().get("/accounts/address/forged/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "password", "words"),
    [
        (NEW, "wrong", "This isn't your current password."),
        ("no address", "demo", "Enter a valid email address."),
        (OLD, "demo", "This is your email address already."),
        ("", "demo", "Enter an email address."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    typed: str, password: str, words: str, client: Client
) -> None:
    answer = change(client, typed, password)
    assert answer.status_code == 422
    assert words in text_of(answer.content.decode())
    assert not LinkRequest.objects.exists()


def test_an_account_gets_three_links_an_hour(client: Client) -> None:
    for number in range(3):
        assert change(client, f"rina{number}@example.com").status_code == 303
    answer = change(client)
    assert answer.status_code == 429
    assert "Too many links were sent." in text_of(answer.content.decode())
    assert "rina2@example.com isn't confirmed yet" in account(client)
    LinkRequest.objects.update(asked_at=timezone.now() - timedelta(hours=1, minutes=1))
    assert change(client).status_code == 303


def test_account_says_that_the_server_refused_the_address(client: Client, mailbox: Mailbox) -> None:
    mailbox.unknown.add(NEW)
    change(client)
    send()
    assert "The mail server didn't accept it: 550" in account(client)


def test_the_demo_keeps_the_email(client: Client) -> None:
    change(client)
    send()
    kept = KeptMessage.objects.get()
    assert kept.to == NEW
    shown = cast.sign_in("admin").get(f"/connection/messages/{kept.pk}/").content.decode()
    assert LINK.search(shown)
    assert "<a href=" in shown


@pytest.mark.parametrize("why", ["no mail server", "an identity provider"])
def test_elsewhere_people_cannot_set_it(
    why: str, client: Client, settings: Any, request: Any
) -> None:
    settings.KEEPS_MAIL = False
    if why == "an identity provider":
        request.getfixturevalue("mailbox")
        settings.OIDC = oidc("https://id.example.com")
    assert change(client).status_code == 404
    assert "New email address" not in account(client)
