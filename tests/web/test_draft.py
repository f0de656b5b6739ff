from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import InteractionStatus, Question
from inbox.models import Draft
from tests.support.snapshots import LEE, RINA, ask, at, group_ask, reply
from tests.support.tags import text_of
from tests.web.cast import HTMX, part, sign_in, tell

PATH = "/interactions/int_1/draft"
WRITING = Question(mode="input", multiline=True)


def keep(client: Client, value: Any = "So far", **more: Any) -> Any:
    headers = more.pop("headers", None)
    return client.post(PATH, {"value": value, "comment": "because", **more}, headers=headers)


def test_it_is_kept_and_restored_in_the_form(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    assert keep(rina).status_code == 204
    page = rina.get("/interactions/int_1/").content.decode()
    assert "So far" in page
    assert "because" in page


def test_nothing_is_validated(rina: Client) -> None:
    tell(ask())
    assert keep(rina, ["maybe", "x" * 100_000]).status_code == 204
    assert Draft.objects.get().values == {"value": ["maybe", "x" * 100_000]}


def test_mobius_is_not_asked(rina: Client, away: None) -> None:
    tell(ask())
    assert keep(rina).status_code == 204


def test_without_a_script_it_leads_back_to_the_question(rina: Client) -> None:
    tell(ask())
    answer = keep(rina, back="1")
    assert (answer.status_code, answer["Location"]) == (303, "/interactions/int_1/")


def test_it_can_be_discarded(rina: Client) -> None:
    tell(ask())
    keep(rina)
    shown = Draft.objects.get().base
    assert keep(rina, discard="1", back="1", draft=shown).status_code == 303
    assert not Draft.objects.exists()


def two_texts(client: Client) -> str:
    tell(ask(questions=(WRITING,)))
    assert keep(client, "From the desk", operation_id="desk").status_code == 204
    answer = keep(client, "From the laptop", operation_id="laptop", headers=HTMX)
    assert answer.status_code == 200
    return text_of(answer.content.decode())


def test_a_save_brings_the_text_that_it_replaced(rina: Client) -> None:
    assert "Earlier text: From the desk" in two_texts(rina)
    page = sign_in("rina").get("/interactions/int_1/").content.decode()
    assert "From the laptop</textarea>" in page
    assert "Earlier text: From the desk" in text_of(page)


def test_a_page_that_reloads_itself_shows_what_its_form_does_not_have(rina: Client) -> None:
    two_texts(rina)
    page = rina.get("/interactions/int_1/", {"operation_id": "desk"}, headers=part("detail"))
    assert "Earlier text: From the laptop because" in text_of(page.content.decode())


@pytest.mark.parametrize("headers", [{}, part("detail")], ids=["browser", "script"])
def test_the_earlier_text_is_put_back_and_what_was_typed_becomes_the_earlier(
    rina: Client, headers: dict[str, str]
) -> None:
    two_texts(rina)
    typed = {"value": "From the laptop, more", "operation_id": "laptop", "put_back": ""}
    shown = rina.post(PATH, typed, headers=headers, follow=True)
    page = shown.content.decode()
    assert shown.redirect_chain == [("/interactions/int_1/", 303)]
    assert "From the desk</textarea>" in page
    assert "Earlier text: From the laptop, more" in text_of(page)


def test_a_late_save_after_the_answer_is_refused(rina: Client) -> None:
    tell(group_ask(responses=(reply(RINA, True, at=at(1)),)))
    assert keep(rina).status_code == 409
    assert not Draft.objects.exists()


def test_text_is_kept_when_others_have_closed_the_question(rina: Client) -> None:
    tell(
        group_ask(
            status=InteractionStatus.COMPLETED,
            responses=(reply(LEE, True, at=at(1)),),
            completed_at=at(1),
        )
    )
    assert keep(rina).status_code == 204
    assert Draft.objects.get().closed_at is not None
    assert "because" in rina.get("/interactions/int_1/").content.decode()


def test_only_its_owner_sees_a_draft(rina: Client, sam: Client, tess: Client) -> None:
    tell(group_ask(questions=(WRITING,)))
    keep(rina, "A secret so far")
    for other in (sam, tess):
        assert "A secret so far" not in other.get("/interactions/int_1/").content.decode()


def test_a_question_to_others_is_a_404(sam: Client, tess: Client, mallory: Client) -> None:
    tell(ask())
    for other in (sam, tess, mallory):
        assert keep(other).status_code == 404
        assert keep(other, discard="1").status_code == 404
    assert not Draft.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_a_post_is_taken(rina: Client, method: str) -> None:
    tell(ask())
    assert getattr(rina, method)(PATH).status_code == 405


def test_a_signed_out_script_gets_a_401(people: None) -> None:
    tell(ask())
    answer = keep(Client(), headers=HTMX)
    assert (answer.status_code, answer.content) == (401, b"Signed out.")


def test_signed_out_a_browser_keeps_the_text(people: None) -> None:
    tell(ask())
    answer = keep(Client())
    assert answer.status_code == 401
    assert "So far" in answer.content.decode()


def test_an_unknown_id_is_not_found(rina: Client) -> None:
    assert keep(rina).status_code == 404
