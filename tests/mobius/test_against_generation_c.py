"""Generation C from the other end: an engine that speaks it, and the models of its maker."""

import json

import pytest
from deepnoodle.mobius._api import models

from inbox.mobius import Backoff, MobiusClient
from inbox.mobius.adapters.later import AdapterC
from inbox.mobius.errors import MobiusError
from inbox.mobius.probing import probe
from inbox.mobius.types import (
    Capabilities,
    Generation,
    InteractionStatus,
    Offer,
    QuestionAnswer,
    Target,
)
from tests.fixtures_engine import Organization
from tests.support.later_items import (
    CAVEATS,
    DECISION,
    LEE,
    RINA,
    SAM,
    TABLES,
    WINDOW,
    question_of_c,
    task_sent_back,
)

ANSWERS = (
    QuestionAnswer(question="window", other="In May"),
    QuestionAnswer(question="tables", values=("orders", "users")),
)


def connect(organization: Organization) -> MobiusClient:
    return MobiusClient(
        base_url=organization.base_url,
        project="",
        token=organization.service_key,
        generation=Generation.C,
        backoff=Backoff(base=0.01, cap=0.05),
    )


async def test_a_form_is_answered_sent_back_and_answered_again(organization: Organization) -> None:
    made = organization.ask(
        kind="request_information",
        title="Before I migrate the database",
        target_user_ids=[RINA, SAM],
        spec={"questions": [WINDOW, CAVEATS, TABLES]},
        resolution_policy={"type": "any_of", "review": {"reviewer_user_ids": [LEE]}},
    )
    async with connect(organization) as client:
        (asked,) = (await client.interactions(status="pending")).items
        assert (asked.id, asked.type, asked.checkers) == (made["id"], "input", (LEE,))
        assert (asked.target, asked.members) == (Target(type="group", id=""), (RINA, SAM))
        rina = client.acting_as(organization.tokens[RINA])
        sent = await rina.respond(asked.id, raw=asked.raw, answers=ANSWERS, comment="Gladly")
        assert sent is not None
        assert (sent.status, sent.responses[0].answers) == (InteractionStatus.IN_REVIEW, ANSWERS)

        changes = {"action": "request_changes", "comment": "Not in May."}
        path = f"interactions/{asked.id}/review"
        assert organization.as_(LEE).post(path, json=changes).is_success
        back = await client.interaction(asked.id)
        assert (back.status, back.round) == (InteractionStatus.PENDING, 1)
        assert (back.feedback, back.checked_by) == ("Not in May.", LEE)
        tonight = (QuestionAnswer(question="window", value="tonight"), ANSWERS[1])
        await rina.respond(asked.id, raw=asked.raw, answers=tonight)
        assert organization.as_(LEE).post(path, json={"action": "accept"}).is_success
        done = await client.interaction(asked.id)
    assert (done.status, done.responder_id) == (InteractionStatus.COMPLETED, RINA)
    assert [(answer.round, answer.answers) for answer in done.responses] == [
        (0, ANSWERS),
        (1, tonight),
    ]
    assert done.lifecycle is not None
    assert [event.action for event in done.lifecycle][-1] == "accepted"


async def test_a_decision_is_yes_or_no(organization: Organization) -> None:
    organization.ask(spec={"questions": [DECISION]})
    async with connect(organization) as client:
        (asked,) = (await client.interactions(status="pending")).items
        no = [asked.questions[0].answer(False)]
        rina = client.acting_as(organization.tokens[RINA])
        done = await rina.respond(asked.id, raw=asked.raw, answers=no)
    assert done is not None
    assert (done.type, done.status, done.value) == ("approval", "completed", False)


async def test_the_test_question_can_be_created(organization: Organization) -> None:
    body = {
        "type": "approval",
        "message": "Can you see this?",
        "target": {"type": "user", "id": RINA},
        "spec": {"mode": "confirm"},
    }
    async with connect(organization) as client:
        created = await client.create_interaction(body)
    assert (created.title, created.target.id) == ("Can you see this?", RINA)


async def test_probing_it_finds_questions_and_no_runs(organization: Organization) -> None:
    async with connect(organization) as client:
        found = await probe(client, Capabilities())
        with pytest.raises(MobiusError):
            await client.run("run_1")
    assert (found.pending, found.runs, found.groups) == (Offer.YES, Offer.NO, Offer.NO)


def test_the_makers_models_accept_the_questions_and_answers_of_c() -> None:
    several = question_of_c(spec={"questions": [WINDOW, CAVEATS, TABLES]})
    decision = question_of_c(kind="request_approval", spec={"questions": [DECISION]})
    for wire in (several, decision, task_sent_back()):
        models.Interaction.model_validate_json(json.dumps(wire))
    yes = QuestionAnswer(question="go", value=True)
    note = QuestionAnswer(question="caveats", text="None")
    answers = [*ANSWERS, yes, note]
    sent = AdapterC().respond("iact_1", raw=several, answers=answers, comment="Done").json
    models.RespondToInteractionRequest.model_validate_json(json.dumps(sent))
