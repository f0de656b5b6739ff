"""What is typed is kept while it is typed."""

from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import Answer, InteractionStatus, Question
from inbox.models import Draft
from tests.support.snapshots import LEE, RINA, ask, at, group_ask
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


def two_drafts(client: Client) -> tuple[Draft, Draft]:
    """One from the desk, one from the laptop; both forms were opened before either was saved."""
    tell(ask(questions=(WRITING,)))
    assert keep(client, "From the desk", operation_id="desk").status_code == 204
    answer = keep(client, "From the laptop", operation_id="laptop", headers=HTMX)
    assert answer.status_code == 200
    assert "From the desk" in answer.content.decode()
    return Draft.objects.get(form="desk"), Draft.objects.get(form="laptop")


def test_text_from_another_device_is_kept_beside_the_persons_own(rina: Client) -> None:
    two_drafts(rina)
    elsewhere = sign_in("rina")
    page = elsewhere.get("/interactions/int_1/").content.decode()
    assert "Draft from another browser, " in page
    assert "From the desk" in page
    assert "From the laptop" in page


def test_the_page_that_reads_itself_again_keeps_to_its_own_draft(rina: Client) -> None:
    _, laptop = two_drafts(rina)
    keep(rina, "From the desk, longer", operation_id="desk")
    page = rina.get(
        "/interactions/int_1/",
        {"operation_id": "laptop", "draft": ""},
        headers=part("detail"),
    ).content.decode()
    assert f'data-draft="{laptop.base}"' not in page
    assert "From the desk, longer" in page


def test_the_other_text_can_be_used_and_what_is_typed_becomes_the_other(rina: Client) -> None:
    desk, _ = two_drafts(rina)
    page = keep(
        rina, "From the laptop, more", operation_id="laptop", use=desk.base, headers=part("detail")
    ).content.decode()
    laptop = Draft.objects.get(form="laptop")
    assert laptop.values == ["From the laptop, more"]
    assert f'value="{desk.base}"' in page
    assert "From the desk</textarea>" in page
    assert f'data-draft="{laptop.base}"' in page


def test_without_a_script_the_other_text_is_used_too(rina: Client) -> None:
    desk, _ = two_drafts(rina)
    answer = keep(rina, "From the laptop", operation_id="laptop", use=desk.base)
    assert answer.status_code == 303
    assert "From the desk</textarea>" in rina.get(answer["Location"]).content.decode()


def test_discarding_the_other_leaves_ones_own(rina: Client) -> None:
    desk, _ = two_drafts(rina)
    answer = rina.post(PATH, {"discard": desk.base, "operation_id": "laptop"}, headers=HTMX)
    assert answer.status_code == 200
    assert [draft.values for draft in Draft.objects.all()] == [["From the laptop"]]


def test_a_late_save_after_the_answer_is_refused(rina: Client) -> None:
    tell(group_ask(responses=(Answer(user_id=RINA, value=True, at=at(1)),)))
    assert keep(rina).status_code == 409
    assert not Draft.objects.exists()


def test_text_is_kept_when_others_have_closed_the_question(rina: Client) -> None:
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
