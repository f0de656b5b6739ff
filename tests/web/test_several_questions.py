"""A form of several questions, answered against an engine that speaks generation C."""

import html
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from inbox.mirror import project as mirror
from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.models import Attempt, Decision, Draft, Interaction, Upstream
from tests.fixtures_engine import Organization
from tests.support.people import make_people
from tests.web.cast import download, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

PLACE: dict[str, Any] = {
    "id": "place",
    "prompt": "Which place?",
    "mode": "select",
    "options": [{"value": "corner", "label": "Corner"}, {"value": "row", "label": "In the row"}],
    "default_value": "corner",
}
SHOW: dict[str, Any] = {
    "id": "show",
    "prompt": "What do we show?",
    "description": "Each needs a table",
    "mode": "multi_select",
    "max_selections": 2,
    "allow_other": True,
    "options": [{"value": "pens", "label": "Pens"}, {"value": "inks", "label": "Inks"}],
}
SLOGAN: dict[str, Any] = {
    "id": "slogan",
    "prompt": "Slogan",
    "description": "Above the stand",
    "mode": "input",
    "max_length": 10,
}
NOTE: dict[str, Any] = {"id": "note", "prompt": "Anything else?", "mode": "input"}
QUESTIONS = [PLACE, SHOW, SLOGAN, {**NOTE, "required": False}]
ANSWERS = {
    "value-place": "row",
    "value-show": ["pens"],
    "other-show": "Paper",
    "value-slogan": "Write on",
    "value-note": "",
}


@pytest.fixture
def item(organization: Organization, settings: Any, patience: None) -> Interaction:
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = organization.base_url
    settings.MOBIUS_API, settings.MOBIUS_PROJECT = "c", organization.handle
    settings.MOBIUS_API_KEY = organization.service_key
    make_people(tokens=organization.tokens)
    asked = organization.ask(
        kind="request_information", title="What do we take?", spec={"questions": QUESTIONS}
    )
    mirror.apply(Upstream.current(), [read_interaction(asked)], read_at=datetime.now(UTC))
    return Interaction.objects.get()


@pytest.fixture
def rina(item: Interaction) -> Client:
    return sign_in("rina")


def send(client: Client, item: Interaction, answers: dict[str, Any] = ANSWERS) -> Any:
    data = {**answers, "comment": "As last year", "operation_id": "op1"}
    return client.post(f"/interactions/{item.mobius_id}/respond", data)


def text(response: Any) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def test_what_is_wrong_is_said_beside_its_question_and_the_rest_is_kept(
    rina: Client, item: Interaction
) -> None:
    wrong = {"value-show": ["pens", "inks"], "value-slogan": "Far too long"}
    answer = send(rina, item, ANSWERS | wrong)
    page = text(answer)
    assert answer.status_code == 422
    assert "Not sent yet: 2 things to fix" in page
    errors = {"show": "Choose at most 2 answers.", "slogan": "This is 2 characters over"}
    for id_, words in errors.items():
        assert words in page.split(f'id="answer-value-{id_}-field"')[1].split('-field"')[0]
    slogan = "answer-value-slogan"
    assert f'aria-describedby="{slogan}-about {slogan}_error"' in page
    assert f'id="{slogan}-about">Above the stand' in page
    assert not Attempt.objects.exists()
    kept = {"value-show": ["pens", "inks"], "value-slogan": ["Far too long"]}
    first = {"value-place": ["row"], "other-show": ["Paper"]}
    draft = Draft.objects.get()
    assert (draft.values, draft.comment) == ({**first, **kept}, "As last year")
    page = text(rina.get(f"/interactions/{item.mobius_id}/"))
    for part in ('value="inks" checked', 'value="row" checked', 'value="Paper"', "Far too long"):
        assert part in page
    assert "Slogan: Far too long" in text(rina.get("/drafts/"))


def test_several_questions_are_answered_at_once(
    rina: Client, item: Interaction, organization: Organization
) -> None:
    assert send(rina, item).status_code == 303
    asked = organization.http.get(f"interactions/{item.mobius_id}").json()
    assert asked["status"] == "completed"
    assert asked["responses"][0]["answers"] == [
        {"question_id": "place", "value": "row"},
        {"question_id": "show", "values": ["pens"], "other": "Paper"},
        {"question_id": "slogan", "text": "Write on"},
    ]
    assert not Draft.objects.exists()
    page = text(rina.get(f"/interactions/{item.mobius_id}/"))
    assert "Which place? In the row What do we show? Pens, Paper Slogan: Write on" in page
    assert "In the row · Pens, Paper · Write on" in text(rina.get("/inbox/?scope=done"))
    receipt = text(rina.get(f"/interactions/{item.mobius_id}/receipt"))
    assert "Which place? In the row<br>What do we show? Pens, Paper" in receipt


def test_what_was_typed_is_back_after_signing_in_again(rina: Client, item: Interaction) -> None:
    rina.logout()
    page = send(rina, item)
    assert page.status_code == 401
    kept = {f"kept-{name}": value for name, value in ANSWERS.items()}
    for name in ("kept-value-place", "kept-value-show", "kept-other-show", "kept-value-slogan"):
        assert f'name="{name}"' in page.content.decode()
    sign_in_with = {"username": "rina", "password": "demo", "kept-item": item.mobius_id}
    rina.post("/accounts/login/", {**sign_in_with, **kept, "kept-comment": "As last year"})
    assert Draft.objects.get().values["other-show"] == ["Paper"]


async def test_an_export_has_the_list_of_answers(item: Interaction) -> None:
    client = await sync_to_async(sign_in)("rina")
    await sync_to_async(send)(client, item)
    entry = await Decision.objects.aget(verb="respond")
    assert len(entry.answers) == 3
    _, table = await download("/decisions/export.csv")
    assert "Write on" in table
