"""The page on which people see where they are signed in, and sign out everywhere."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.live.rights import lost_sign_ins
from inbox.people.sessions import ACTIVE_AT, open_sessions
from tests.support.tags import text_of
from tests.web.cast import sign_in

PATH = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def browser(agent: str, username: str = "rina") -> Client:
    client = Client(headers={"User-Agent": agent})
    entered = client.post("/accounts/login/", {"username": username, "password": "demo"})
    assert entered.status_code == 302
    return client


@pytest.fixture
def desk(people: None) -> Client:
    return browser(FIREFOX)


@pytest.fixture
def phone(people: None) -> Client:
    return browser(IPHONE)


def shown(client: Client) -> str:
    return text_of(client.get(PATH).content.decode())


def right_of(client: Client) -> Any:
    stream: Any = client.get("/live/inbox/")
    return stream.subscription.right


def test_it_lists_my_browsers_and_marks_this_one(desk: Client, phone: Client) -> None:
    sign_in("sam").get("/inbox/")
    page = shown(desk)
    assert page.index("Firefox on Linux This browser") < page.index("Safari on iPhone")
    assert page.count("This browser") == 1
    assert "Safari on iPhone This browser" in shown(phone)


def test_account_links_to_it(desk: Client) -> None:
    assert f'href="{PATH}"' in desk.get("/account/").content.decode()


def test_it_says_when_a_browser_was_last_seen(desk: Client, phone: Client) -> None:
    session = phone.session
    session[ACTIVE_AT] -= 30 * 60
    session.save()
    assert "30 min ago" in shown(desk)
    phone.get("/inbox/")
    assert "30 min ago" not in shown(desk)


def test_it_leaves_out_sessions_that_have_ended(desk: Client, phone: Client) -> None:
    phone.post("/accounts/logout/")
    assert "iPhone" not in shown(desk)
    browser(IPHONE)
    rina = User.objects.get(username="rina")
    rina.set_password("another-password")
    rina.save()
    assert open_sessions(rina) == []


def test_signing_out_everywhere_ends_every_session_and_its_streams(
    desk: Client, phone: Client
) -> None:
    sam = browser(FIREFOX, "sam")
    rights = {right_of(desk), right_of(phone)}
    assert lost_sign_ins(rights) == set()
    answer = desk.post(f"{PATH}logout/")
    assert (answer.status_code, answer["Location"]) == (303, "/accounts/login/?signed-out")
    assert lost_sign_ins(rights) == rights
    for client in (desk, phone):
        assert client.get("/inbox/").status_code == 302
    assert sam.get("/inbox/").status_code == 200
