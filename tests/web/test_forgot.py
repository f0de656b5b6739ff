"""People who have forgotten their password get a link by email; the mail server is a real one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inbox.models import LinkRequest, OneTimeLink, PushBrowser
from inbox.notify import link_requests
from inbox.people import throttle
from tests.support.identity_provider import oidc
from tests.support.mailbox import Mailbox
from tests.support.tags import text_of
from tests.web.cast import soon

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

PAGE = "/accounts/forgot/"
LINK = re.compile(r"http://127\.0\.0\.1:8000(/accounts/link/\?token=[\w-]{43})")
OLD, NEW = "correct horse battery", "battery horse correct"


@pytest.fixture(autouse=True)
def rina(db: None) -> User:
    return User.objects.create_user("rina", "rina@example.com", OLD)


def ask(account: str, **headers: Any) -> Any:
    return Client(**headers).post(PAGE, {"account": account})


def send(**later: float) -> None:
    async_to_sync(link_requests.send_due)(soon(**later))


def link_in(mail: Any) -> str:
    [path] = LINK.findall(mail.get_payload(decode=True).decode())
    return str(path)


@pytest.mark.parametrize("account", ["rina", " Rina@Example.com "])
def test_the_link_in_the_email_sets_a_new_password(
    account: str, rina: User, mailbox: Mailbox
) -> None:
    elsewhere = PushBrowser.objects.create(
        reviewer=rina.reviewer,  # type: ignore[attr-defined]
        endpoint="https://push.example.com/elsewhere",
        browser="elsewhere",
        created_at=soon(),
        used_at=soon(),
    )
    assert "Forgot your password?" in text_of(Client().get("/accounts/login/").content.decode())
    assert ask(account).status_code == 303
    send()
    send()
    [mail] = mailbox.mails
    assert (mail["To"], mail["Subject"]) == (
        "rina@example.com",
        "Choose a new password for Reviewer inbox",
    )
    assert "If you didn't ask for it, don't use it" in mail.get_payload(decode=True).decode()
    client, path = Client(), link_in(mail)
    assert client.get(path).status_code == 200
    token = path.partition("=")[2]
    chosen = {"token": token, "new_password1": NEW, "new_password2": NEW}
    assert client.post("/accounts/link/", chosen).status_code == 303
    assert client.get("/account/").status_code == 200
    assert User.objects.get(username="rina").check_password(NEW)
    assert not PushBrowser.objects.filter(pk=elsewhere.pk).exists()


def test_nothing_tells_whether_there_is_an_account(rina: User, mailbox: Mailbox) -> None:
    User.objects.create_user("sam", password=OLD)
    User.objects.create_user("lee", "lee@example.com", OLD, is_active=False)
    answers, queries = set(), set()
    for account in ("rina", "sam", "lee", "nobody", "nobody@example.com"):
        with CaptureQueriesContext(connection) as asked:
            answer = ask(account)
        shown = Client().get(answer.headers["Location"])
        answers.add((answer.status_code, text_of(shown.content.decode())))
        queries.add(tuple(re.sub(r"'[^']*'|\d+", "?", one["sql"]) for one in asked))
    assert len(answers) == len(queries) == 1
    send()
    assert [mail["To"] for mail in mailbox.mails] == ["rina@example.com"]
    assert not LinkRequest.objects.exclude(typed="").exists()


def test_an_account_gets_three_links_an_hour(mailbox: Mailbox) -> None:
    for account in ("rina", "rina@example.com", "RINA@example.com", "rina"):
        assert ask(account).status_code == 303
        send()
    assert len(mailbox.mails) == 3
    links = [link_in(mail) for mail in mailbox.mails]
    assert [Client().get(link).status_code for link in links] == [404, 404, 200]
    link_requests.tidy(soon(hours=1, minutes=1))
    ask("rina")
    send()
    assert len(mailbox.mails) == 4


def test_an_address_that_asks_too_often_has_to_wait(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "PER_ADDRESS", 2)
    assert [ask("rina").status_code for _ in range(2)] == [303, 303]
    refused = ask("rina")
    assert refused.status_code == 429
    assert 800 < int(refused["Retry-After"]) <= 900
    assert "Too many requests from your network" in text_of(refused.content.decode())
    assert ask("rina", REMOTE_ADDR="192.0.2.7").status_code == 303


def test_a_server_that_is_away_is_tried_again_for_an_hour(mailbox: Mailbox, settings: Any) -> None:
    right, settings.EMAIL_PORT = settings.EMAIL_PORT, 9
    ask("rina")
    send()
    [row] = LinkRequest.objects.all()
    assert row.tries == 1
    assert row.due_at is not None
    settings.EMAIL_PORT = right
    send(minutes=1)
    assert Client().get(link_in(mailbox.mails[0])).status_code == 200
    assert OneTimeLink.objects.count() == 1
    LinkRequest.objects.update(asked_at=soon() - timedelta(hours=2))
    link_requests.tidy(soon())
    assert not LinkRequest.objects.exists()


def test_an_empty_form_is_refused_with_a_sentence(mailbox: Mailbox) -> None:
    refused = ask(" ")
    assert refused.status_code == 422
    assert "Enter your username or email address." in text_of(refused.content.decode())


def test_it_is_not_offered_without_a_mail_server_or_with_a_provider(settings: Any) -> None:
    settings.KEEPS_MAIL = True
    assert (Client().get(PAGE).status_code, ask("rina").status_code) == (404, 404)
    assert "Forgot your password?" not in text_of(Client().get("/accounts/login/").content.decode())
    settings.SENDS_MAIL, settings.OIDC = True, oidc("https://login.example.com")
    assert Client().get(PAGE).status_code == 404
