from typing import Any

import pytest
from django.test import Client

from inbox.models import Attempt, Draft, Interaction
from tests.support.desk import Desk
from tests.support.scripted_server import CutAfterRead, PassThenCut, Reply
from tests.web.cast import part, sign_in, stranger

pytestmark = pytest.mark.django_db


@pytest.fixture
def rina(desk: Desk) -> Client:
    return sign_in("rina")


def check(client: Client, item: Interaction, sent: str = "respond", **more: Any) -> Any:
    data = {"sent": sent, "value": "true", "comment": "Typed", "operation_id": "op1", **more}
    return client.post(f"/interactions/{item.mobius_id}/check", data, headers=part("detail"))


def respond(client: Client, item: Interaction) -> Any:
    data = {"value": "true", "comment": "Typed", "operation_id": "op1"}
    return client.post(f"/interactions/{item.mobius_id}/respond", data, headers=part("detail"))


def test_an_open_question_can_be_answered_again_with_the_same_operation(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask()
    page = check(rina, item)
    text = page.content.decode()
    assert page.status_code == 200
    said = " ".join(text.split())
    assert "open.</strong> Your answer wasn&#x27;t recorded. Your draft is saved." in said
    assert "Approve again" in text
    assert 'value="op1"' in text
    assert Draft.objects.get().comment == "Typed"
    assert desk.upstream(item.mobius_id)["status"] == "pending"
    assert "Your draft is saved" not in check(rina, item, comment="").content.decode()


def test_an_answer_that_arrived_ends_like_any_success(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    respond(rina, item)
    answer = check(rina, item)
    assert answer.status_code == 200
    assert answer["HX-Push-Url"] == "/inbox/"


def test_an_answer_of_unknown_outcome_is_looked_for_upstream(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    desk.server.on("POST", "/respond$", PassThenCut())
    desk.server.on("GET", "/interactions/", CutAfterRead(), always=True)
    assert respond(rina, item).status_code == 503
    assert Attempt.objects.get().state == Attempt.State.OPEN
    desk.server.forget()
    assert check(rina, item)["HX-Push-Url"] == "/inbox/"
    assert Attempt.objects.get().state == Attempt.State.ANSWERED


def test_a_question_that_someone_closed_shows_how_it_ended(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    answer = desk.project.as_("user_sam").post(
        f"interactions/{item.mobius_id}/respond", json={"value": True}
    )
    assert answer.is_success
    text = check(rina, item).content.decode()
    assert "again</button>" not in text
    assert "Sam" in text
    assert "Typed" in text


def test_while_mobius_is_away_nothing_is_offered_for_an_answer_that_may_have_arrived(
    desk: Desk, rina: Client
) -> None:
    item = desk.ask()
    desk.server.on("POST", "/respond$", PassThenCut())
    desk.server.on("GET", "/interactions/", CutAfterRead(), always=True)
    respond(rina, item)
    text = check(rina, item).content.decode()
    assert 'data-outcome="unconfirmed"' in text
    assert "again</button>" not in text


def test_a_claim_that_arrived_is_shown_as_claimed(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    desk.project.as_("user_rina").post(f"interactions/{item.mobius_id}/claim")
    text = check(rina, item, "claim").content.decode()
    assert "again</button>" not in text
    item.refresh_from_db()
    assert item.claimed_by == "user_rina"


def test_a_release_that_did_not_arrive_can_be_sent_again(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    desk.project.as_("user_rina").post(f"interactions/{item.mobius_id}/claim")
    text = check(rina, item, "release").content.decode()
    assert "The question is still claimed by you" in text
    assert "Send again" in text


def test_in_the_list_the_list_comes_back(desk: Desk, rina: Client) -> None:
    item = desk.ask_group()
    text = check(rina, item, "claim", back="inbox").content.decode()
    assert 'id="inbox-list"' in text
    assert "Send again" in text


def test_it_sends_nothing_even_where_mobius_fails(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    desk.server.on("GET", "/interactions/", Reply(500), always=True)
    check(rina, item)
    assert not desk.server.seen("POST", "/respond$")


def test_a_question_to_others_is_a_404(desk: Desk, rina: Client) -> None:
    item = desk.ask()
    for other in (sign_in("sam"), sign_in("tess"), stranger()):
        assert check(other, item).status_code == 404
    assert check(rina, item, "claim").status_code == 404
    assert check(rina, item, "signal").status_code == 404
    assert rina.get(f"/interactions/{item.mobius_id}/check").status_code == 405


def test_signed_out_the_text_comes_back(desk: Desk, rina: Client) -> None:
    page = check(Client(), desk.ask())
    assert page.status_code == 401
    assert "Typed" in page.content.decode()
