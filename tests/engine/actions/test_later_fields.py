"""What generations after the guide can say is stored, and isn't shown by the guide's API."""

from typing import Any

import pytest

from inbox.engine.actions import advance, interactions, runs
from inbox.engine.models import Interaction
from tests.engine.team import Team, question

FORM = [
    {"id": "from", "prompt": "From?", "mode": "input"},
    {"id": "to", "prompt": "To?", "mode": "input"},
]
BODY = {
    "type": "input",
    "target": {"type": "people", "ids": ["user_rina", "user_sam", "user_rina"]},
    "message": "When?",
}


def create(team: Team, **fields: Any) -> dict[str, Any]:
    return interactions.create(caller=team.service, body={**BODY, **fields}, later=True)


@pytest.mark.django_db(databases=["engine"])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"target": {"type": "user", "id": "user_rina"}, "questions": FORM},
        {"target": {"type": "group", "id": "approvers"}, "quorum": 2},
        {"target": {"type": "user", "id": "user_rina"}, "reviewers": ["user_lee"]},
        {"target": {"type": "user", "id": "user_rina"}, "type": "task"},
    ],
)
def test_the_guides_api_does_not_show_what_it_cannot_say(
    team: Team, refusal: Any, fields: dict[str, Any]
) -> None:
    made = create(team, **fields)
    with refusal(404, "not_found"):
        interactions.get(caller=team.rina, interaction_id=made["id"])
    with refusal(404, "not_found"):
        team.answer(team.rina, made)
    assert interactions.list_interactions(caller=team.rina, filters={})["items"] == []
    assert team.frames() == []


@pytest.mark.django_db(databases=["engine"])
def test_tags_references_subject_and_properties_are_kept_and_shown_by_none(team: Team) -> None:
    more = {
        "subject": {"kind": "external_url", "url": "https://a.example/1", "label": "Report"},
        "references": [{"kind": "mobius_entity", "entity_type": "agent", "entity_id": "agent_1"}],
        "tags": {"area": "billing"},
        "properties": {"amount": 3},
    }
    fields = {"target": {"type": "user", "id": "user_rina"}, **more}
    made = create(team, **fields)
    row = Interaction.objects.get(pk=made["id"])
    assert {name: getattr(row, name) for name in more} == more
    assert team.read(made)["message"] == "When?"


@pytest.mark.django_db(databases=["engine"])
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"questions": FORM, "spec": {"mode": "input"}}, "exclude"),
        ({"questions": [FORM[0], FORM[0]]}, "another question"),
        ({"questions": []}, "questions"),
        ({"questions": [{**FORM[0], "id": f"q{n}"} for n in range(13)]}, "questions"),
        ({"type": "approval", "questions": FORM}, "confirm or select"),
        ({"quorum": 3}, "quorum"),
        ({"reviewers": []}, "reviewers"),
        ({"subject": {"kind": "external_url"}}, "url"),
    ],
)
def test_a_wrong_form_or_policy_is_a_400(
    team: Team, refusal: Any, fields: dict[str, Any], said: str
) -> None:
    with refusal(400, "bad_request") as caught:
        create(team, **fields)
    assert said in caught[0].message


@pytest.mark.django_db(databases=["engine"])
def test_the_guides_api_refuses_them_as_unknown_fields(team: Team, refusal: Any) -> None:
    with refusal(400, "bad_request", field="quorum"):
        team.ask(quorum=2)
    with refusal(400, "bad_request", field="spec.steps[0].interaction.questions"):
        team.start(question(questions=FORM))


@pytest.mark.django_db(databases=["engine"])
def test_a_step_can_ask_several_questions(team: Team) -> None:
    step = question(type="input", questions=FORM, spec=None)
    body = {"spec": {"name": "billing", "steps": [step]}}
    run = runs.start(caller=team.service, body=body, later=True)
    advance.settle(project_id=team.project_id, run_id=run["id"])
    asked = Interaction.objects.get(run_id=run["id"])
    assert [each["id"] for each in asked.questions] == ["from", "to"]
    assert team.run(run)["status"] == "suspended"
