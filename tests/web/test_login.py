"""Signing in: back to the requested page, throttled, and never to another site."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inbox.models import Draft
from tests.support.snapshots import ask
from tests.web.cast import HTMX, stranger, tell

LOGIN = "/accounts/login/"


def enter(client: Client, username: str = "rina", password: str = "demo", **more: str) -> Any:
    return client.post(LOGIN, {"username": username, "password": password, **more})


def test_it_leads_to_the_inbox_and_names_the_demo(people: None) -> None:
    client = Client()
    page = client.get(LOGIN).content.decode()
    assert "rina" in page
    assert "demo" in page
    assert enter(client)["Location"] == "/inbox/"
    assert client.get("/inbox/").status_code == 200


def test_without_the_demo_no_username_is_shown(db: None) -> None:
    assert "rina" not in Client().get(LOGIN).content.decode()


def test_with_a_real_mobius_no_name_is_listed(people: None, settings: Any) -> None:
    settings.EMBEDDED = False
    assert "rina" not in Client().get(LOGIN).content.decode()


def test_signing_in_returns_to_the_requested_page(people: None) -> None:
    client = Client()
    asked = client.get("/interactions/int_1/?type=approval")
    assert asked["Location"] == f"{LOGIN}?next=/interactions/int_1/%3Ftype%3Dapproval"
    answer = enter(client, next="/interactions/int_1/?type=approval")
    assert answer["Location"] == "/interactions/int_1/?type=approval"


def test_a_signed_in_person_is_redirected(rina: Client) -> None:
    assert rina.get(LOGIN)["Location"] == "/inbox/"
    assert rina.get(f"{LOGIN}?next=/runs/")["Location"] == "/runs/"
    assert rina.get(f"{LOGIN}?next=https://evil.example/")["Location"] == "/inbox/"
    assert rina.get(f"{LOGIN}?next=-1")["Location"] == "-1"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"]
)
def test_it_never_redirects_to_another_site(people: None, elsewhere: str) -> None:
    assert enter(Client(), next=elsewhere)["Location"] == "/inbox/"


def test_a_fragment_gets_a_short_answer_instead_of_a_page(people: None) -> None:
    answer = Client().get("/inbox/", headers=HTMX)
    assert (answer.status_code, answer.content) == (401, b"Signed out.")


def test_the_session_is_a_new_one(people: None) -> None:
    client = Client()
    client.session.save()
    before = client.session.session_key
    enter(client)
    assert client.session.session_key != before


def test_a_wrong_password_says_so(people: None) -> None:
    answer = enter(Client(), password="wrong")
    assert answer.status_code == 200
    assert "Incorrect username or password" in answer.content.decode()


def test_after_five_wrong_passwords_even_the_right_one_is_refused(people: None) -> None:
    answers = [enter(Client(), password="wrong").status_code for _ in range(5)]
    assert answers[-1] == 429
    locked = enter(Client())
    assert locked.status_code == 429
    assert "You can sign in again at" in locked.content.decode()
    assert enter(Client(), username="sam").status_code == 302


def test_a_pause_ends_at_a_time_of_the_browsers_zone(people: None) -> None:
    for _ in range(5):
        enter(Client(), password="wrong")
    page = enter(Client(), time_zone="Pacific/Kiritimati").content.decode()
    shown = re.search(r"sign in again at (\d\d):(\d\d)", page)
    assert shown is not None
    ends = datetime.now(ZoneInfo("Pacific/Kiritimati")).replace(
        hour=int(shown[1]), minute=int(shown[2])
    )
    wait = (ends - datetime.now(UTC)) % timedelta(days=1)
    assert timedelta(minutes=10) < wait < timedelta(minutes=16)


def test_an_account_that_is_deactivated_stays_out(people: None) -> None:
    User.objects.filter(username="rina").update(is_active=False)
    assert enter(Client()).status_code == 200


KEPT = {"kept-item": "int_1", "kept-value": "So far", "kept-comment": "because"}


def test_typed_text_is_a_draft_after_signing_in(people: None) -> None:
    tell(ask())
    answer = enter(Client(), **KEPT)
    assert answer["Location"] == "/interactions/int_1/"
    draft = Draft.objects.get()
    assert (draft.values, draft.comment) == ({"value": ["So far"]}, "because")


def test_typed_text_survives_a_wrong_password_and_the_lockout(people: None) -> None:
    for _ in range(6):
        page = enter(Client(), password="wrong", **KEPT).content.decode()
        assert "So far" in page
        assert "because" in page


def test_an_id_that_no_question_can_have_is_an_ordinary_sign_in(people: None) -> None:
    fields = KEPT | {"kept-item": "a\0b"}
    assert enter(Client(), password="wrong", **fields).status_code == 200
    assert enter(Client(), **fields)["Location"] == "/inbox/"


def test_a_person_who_was_not_asked_gets_the_text_back_and_no_draft(people: None) -> None:
    tell(ask())
    answer = enter(Client(), username="sam", **KEPT)
    assert "So far" in answer.content.decode()
    assert not Draft.objects.exists()


def test_a_stranger_learns_nothing_of_the_question(people: None) -> None:
    tell(ask(message="Buy the other company?"))
    stranger()
    answer = enter(Client(), username="mallory", **KEPT)
    assert "Buy the other company?" not in answer.content.decode()


def test_a_stale_sign_in_form_says_so_and_keeps_the_text(people: None) -> None:
    client = Client(enforce_csrf_checks=True)
    plain = enter(client)
    assert plain.status_code == 403
    assert "demo" not in plain.content.decode()
    assert "So far" in enter(client, **KEPT).content.decode()
