import logging
import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from inbox.models import OneTimeLink, Reviewer
from inbox.people import links
from tests.support.identity_provider import oidc
from tests.support.mailbox import Mailbox
from tests.support.tags import text_of
from tests.web.cast import sign_in

# The mail server that the tests start is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

LINK = re.compile(r"http://127\.0\.0\.1:8000/accounts/link/\?token=[\w-]{43}")
MAIL = "/people/mail"
RINA, SAM = "rina@example.com", "sam@example.com"


@pytest.fixture
def root(db: None) -> Client:
    User.objects.create_superuser("root")
    return sign_in("root")


def add(root: Client, name: str = "rina", **fields: str) -> str:
    given = {"name": name, "mobius_id": f"user_{name}", "role": "reviewer", **fields}
    answer = root.post("/people/add/", given)
    assert answer.status_code == 200
    return str(answer.content.decode())


def tokens(page: str) -> list[str]:
    return [parse_qs(urlsplit(link).query)["token"][0] for link in LINK.findall(page)]


def press(root: Client, page: str, **fields: Any) -> str:
    sent = re.findall(r'name="sent" value="([^"]+)"', page)
    answer = root.post(MAIL, {"token": tokens(page), "sent": sent, **fields})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return str(answer.content.decode())


def body(mail: Any) -> str:
    return str(mail.get_payload(decode=True).decode())


def test_without_a_mail_server_links_are_only_handed_over(root: Client) -> None:
    page = add(root, email=RINA)
    assert "Send by email" not in page
    assert User.objects.get(username="rina").email == RINA
    assert "Send by email" not in press(root, page)


def test_without_an_address_a_link_is_only_handed_over(root: Client, mailbox: Mailbox) -> None:
    page = add(root)
    assert "Send by email" not in page
    assert "Send by email" not in press(root, page)
    assert mailbox.mails == []


def test_the_link_that_is_shown_is_mailed_and_can_still_be_handed_over(
    root: Client, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page = add(root, email=RINA, full_name="Rina Kovacs")
    (token,) = tokens(page)
    assert RINA in page
    after = press(root, page, mail=token)
    assert f"Sent to {RINA}" in text_of(after)
    assert "Send by email" not in after
    assert tokens(after) == [token]
    (mail,) = mailbox.mails
    assert (mail["To"], mail["From"]) == (RINA, "reviewer-inbox@127.0.0.1")
    assert mail["Subject"] == "Your sign-in link for Reviewer inbox"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    for words in (
        "Hello Rina Kovacs,",
        "Your username is rina.",
        "after 72 hours",
        links.url_of(token),
    ):
        assert words in body(mail)
    assert links.find(token).user == User.objects.get(username="rina")
    own_log = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    assert not [line for line in own_log if token in line]


def test_someone_with_a_password_is_told_that_the_link_is_for_a_new_one(
    root: Client, mailbox: Mailbox
) -> None:
    rina = User.objects.create_user("rina", RINA, "correct horse battery")
    page = root.post(f"/people/{rina.pk}/link").content.decode()
    press(root, page, mail=tokens(page)[0])
    assert mailbox.mails[0]["Subject"] == "Choose a new password for Reviewer inbox"


def test_with_an_identity_provider_it_says_how_to_sign_in(
    root: Client, mailbox: Mailbox, settings: Any
) -> None:
    settings.OIDC = oidc("https://login.example.com")
    press(root, add(root, email=RINA))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Your sign-in link for Reviewer inbox"
    assert "Your username is rina, and you sign in with Acme." in body(mail)
    assert "password" not in body(mail)


def test_it_is_in_the_language_of_the_reader(root: Client, mailbox: Mailbox) -> None:
    page = add(root, email=RINA)
    Reviewer.objects.filter(user__username="rina").update(language="de")
    press(root, page)
    (mail,) = mailbox.mails
    assert "Guten Tag rina," in body(mail)
    assert links.url_of(tokens(page)[0]) in body(mail)


def test_the_page_says_what_the_mail_server_refused_and_the_link_stays(
    root: Client, mailbox: Mailbox
) -> None:
    mailbox.unknown = {RINA}
    page = add(root, email=RINA)
    after = press(root, page)
    assert (
        f"The mail server didn't accept the email to {RINA}: 550 No such mailbox here. Give them "
        "the link yourself; it still works."
    ) in text_of(after)
    assert links.find(tokens(after)[0])
    mailbox.unknown = set()
    assert f"Sent to {RINA}" in text_of(press(root, after))


def test_the_page_says_so_if_the_mail_server_refuses_the_password_or_is_gone(
    root: Client, mailbox: Mailbox, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    page = add(root, email=RINA)
    settings.EMAIL_HOST_PASSWORD = "wrong-password"
    refused = text_of(press(root, page))
    assert "didn't accept the email" in refused
    assert "535" in refused
    settings.EMAIL_PORT = 1
    assert "the mail server can't be reached" in text_of(press(root, page))
    assert "wrong-password" not in refused + caplog.text
    assert mailbox.mails == []


def test_one_of_several_is_mailed_or_all_that_are_left(root: Client, mailbox: Mailbox) -> None:
    text = (
        "name,email,mobius_id\n"
        f"rina,{RINA},user_rina\nsam,{SAM},user_sam\nlee,,user_lee\n"
        "tess,tess@example.com,user_tess\n"
    )
    given = {"text": text, "confirmed": "yes"}
    page = root.post("/people/import/", given).content.decode()
    assert "Send 3 links by email" in text_of(page)
    mailbox.unknown = {SAM}
    page = press(root, page, mail=tokens(page)[0])
    assert [mail["To"] for mail in mailbox.mails] == [RINA]
    page = press(root, page, mail="")
    assert [mail["To"] for mail in mailbox.mails] == [RINA, "tess@example.com"]
    shown = text_of(page)
    assert shown.count("Sent to") == 2
    assert f"didn't accept the email to {SAM}" in shown
    assert len(tokens(page)) == 4


def test_a_link_that_was_used_or_replaced_is_not_mailed(root: Client, mailbox: Mailbox) -> None:
    page = add(root, email=RINA)
    links.make_sign_in(User.objects.get(username="rina"))
    answer = root.post(MAIL, {"token": tokens(page)}, follow=True)
    assert "This link no longer works. Create a new one." in text_of(answer.content.decode())
    assert mailbox.mails == []


def test_it_is_for_administrators_only(people: None, mailbox: Mailbox) -> None:
    token = links.token_of(links.make_sign_in(User.objects.get(username="rina")))
    assert sign_in("tess").post(MAIL, {"token": token}).status_code == 404


@pytest.mark.parametrize("address", ["rina", "a@b\nBcc: eve@example.com"])
def test_an_invalid_address_is_refused(root: Client, address: str) -> None:
    given = {"name": "rina", "mobius_id": "user_rina", "role": "reviewer", "email": address}
    assert root.post("/people/add/", given).status_code == 422
    assert not User.objects.filter(username="rina").exists()


def run(command: str, *words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_mails_the_link_instead_of_printing_it(db: None, mailbox: Mailbox) -> None:
    words = ("rina", "--mobius-id", "user_rina", "--email", RINA)
    out, _ = run("add_person", *words, "--mail")
    assert f"Sent to {RINA}." in out
    assert not LINK.search(out)
    assert LINK.search(body(mailbox.mails[0]))
    mailbox.unknown = {RINA}
    out, err = run("add_person", *words, "--update", "--mail")
    assert "550 No such mailbox here" in err
    assert LINK.search(out)
    out, err = run("add_person", "sam", "--mobius-id", "user_sam", "--mail")
    assert "There is no email address for sam." in err
    assert LINK.search(out)


def test_the_import_mails_the_links(db: None, mailbox: Mailbox, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"name,email,mobius_id\nrina,{RINA},user_rina\nsam,,user_sam\n")
    out, err = run("import_people", str(file), "--mail")
    assert f"rina: Sent to {RINA}." in out
    assert re.findall(r"(\w+)\thttp", out) == ["sam"]
    assert "sam: There is no email address for sam." in err


def test_the_command_needs_a_mail_server_to_mail(db: None) -> None:
    with pytest.raises(CommandError, match="--mail needs EMAIL_URL"):
        run("add_person", "rina", "--mobius-id", "user_rina", "--mail")
    assert not OneTimeLink.objects.exists()
