"""What is typed is kept while it is typed."""

from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import Answer, InteractionStatus, Question
from inbox.models import Draft
from tests.mirror.things import LEE, RINA, ask, at, group_ask
from tests.views.cast import HTMX, tell

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


def test_nothing_is_judged(rina: Client) -> None:
    tell(ask())
    assert keep(rina, ["maybe", "x" * 100_000]).status_code == 204
    assert Draft.objects.get().values == ["maybe", "x" * 100_000]


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
    assert keep(rina, discard="1", back="1").status_code == 303
    assert not Draft.objects.exists()


def test_a_late_save_after_the_answer_is_refused(rina: Client) -> None:
    tell(group_ask(responses=(Answer(user_id=RINA, value=True, at=at(1)),)))
    assert keep(rina).status_code == 409
    assert not Draft.objects.exists()


def test_what_others_closed_still_keeps_the_text(rina: Client) -> None:
    tell(
        group_ask(
            status=InteractionStatus.COMPLETED,
            responses=(Answer(user_id=LEE, value=True, at=at(1)),),
            completed_at=at(1),
        )
    )
    assert keep(rina).status_code == 204
    assert Draft.objects.get().closed_at is not None
    assert "because" in rina.get("/interactions/int_1/").content.decode()


def test_a_draft_is_nobody_elses(rina: Client, sam: Client, tess: Client) -> None:
    tell(group_ask(questions=(WRITING,)))
    keep(rina, "A secret so far")
    for other in (sam, tess):
        assert "A secret so far" not in other.get("/interactions/int_1/").content.decode()


def test_who_was_not_asked_finds_nothing(sam: Client, tess: Client, mallory: Client) -> None:
    tell(ask())
    for other in (sam, tess, mallory):
        assert keep(other).status_code == 404
        assert keep(other, discard="1").status_code == 404
    assert not Draft.objects.exists()


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_a_post_is_taken(rina: Client, method: str) -> None:
    tell(ask())
    assert getattr(rina, method)(PATH).status_code == 405


def test_signed_out_a_script_is_told_so(people: None) -> None:
    tell(ask())
    answer = keep(Client(), headers=HTMX)
    assert (answer.status_code, answer.content) == (401, b"Signed out.")


def test_signed_out_a_browser_keeps_the_text(people: None) -> None:
    tell(ask())
    answer = keep(Client())
    assert answer.status_code == 401
    assert "So far" in answer.content.decode()


def test_an_id_that_nobody_has_is_not_found(rina: Client) -> None:
    assert keep(rina).status_code == 404
