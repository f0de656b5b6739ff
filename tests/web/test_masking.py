import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from inbox.access.redaction import MASK
from inbox.answering import attempts
from inbox.answering.shown_version import ShownVersion, shown_version_of
from inbox.audit import chain, decision_log
from inbox.audit.verify import check_entry, verify
from inbox.mobius.types import InteractionStatus, RunStatus
from inbox.models import Attempt, Decision, Interaction, Reviewer
from inbox.models.answers import value_of
from inbox.models.canonical import canonical
from tests.support.snapshots import APPROVED, RINA, ask, at, event, reply, run
from tests.support.tampering import lift_triggers, run_sql
from tests.web.cast import part, soon, tell
from tests.web.test_decisions_page import answer, download

CANARY = "canary-hunter2"
OTHER = "canary-other"
CARD = "4111 1111 1111 1111"
CONTEXT = {
    "api_key": CANARY,
    "deploy": {"env": [{"name": "web", "db_password": CANARY, "port": 5432}]},
    "rotation": {"before": {"token": CANARY}, "after": {"token": OTHER}},
    "tokens": {"a": CANARY, "limit": 4096},
    "paid_with": CARD,
    "region": "eu-west-1",
}
QUESTION = "/interactions/int_1/"


def told(**fields: Any) -> Interaction:
    tell(
        run(
            "run_1",
            status=RunStatus.SUSPENDED,
            started_by="user_sam",
            inputs={"client_secret": CANARY, "note": "For leads"},
            metadata={"authorization": f"Bearer {CANARY}"},
        ),
        ask(
            run_id="run_1",
            expires_at=soon(hours=2),
            **{"context": CONTEXT, "raw": {"id": "int_1", "context": CONTEXT}, **fields},
        ),
    )
    return Interaction.objects.get(mobius_id="int_1")


def hold(item: Interaction) -> Attempt:
    return attempts.hold(
        attempts.Submission(
            reviewer=Reviewer.objects.get(mobius_id=RINA),
            interaction_id=item.mobius_id,
            answers=APPROVED,
        ),
        item,
        timedelta(seconds=5),
    )


def get(client: Client, path: str, **how: Any) -> str:
    response = client.get(path, **how)
    assert response.status_code == 200, path
    page = response.content.decode()
    assert CANARY not in page, path
    assert OTHER not in page, path
    assert CARD not in page, path
    return page


def test_the_question_shows_the_key_and_not_the_value(rina: Client) -> None:
    told()
    for page in (get(rina, QUESTION), get(rina, QUESTION, headers=part("detail"))):
        assert MASK in page
        for words in ("API key", "db_password", "5432", "4096", "eu-west-1"):
            assert words in page


def test_its_raw_json_is_masked_and_still_json(rina: Client) -> None:
    told()
    raw = json.loads(get(rina, f"{QUESTION}raw.json"))
    assert raw["context"]["api_key"] == MASK
    assert raw["context"]["deploy"]["env"] == [{"name": "web", "db_password": MASK, "port": 5432}]


def test_a_leads_page_of_the_run_is_masked(tess: Client) -> None:
    told()
    page = get(tess, "/runs/run_1/")
    assert "Client secret" in page
    assert "For leads" in page


def test_an_answer_of_another_client_is_masked_wherever_it_is_shown(
    rina: Client, tess: Client
) -> None:
    value = {"approved": True, "token": CANARY}
    given = reply(RINA, value, at=at(5))
    closed = {"status": InteractionStatus.COMPLETED, "responses": (given,), "value": value}
    told(**closed, responder_id=RINA, completed_at=at(5), updated_at=at(5))
    question = ask(run_id="run_1", **closed)
    tell(event(1, question, "interaction_completed"))
    row = Decision.objects.get(verb="respond")
    assert value_of(row.answers) == {"approved": True, "token": MASK}
    for path in (QUESTION, f"{QUESTION}receipt", "/inbox/?scope=done"):
        assert "approved" in get(rina, path)
    for path in ("/runs/run_1/", "/decisions/", f"/decisions/{row.number}/"):
        get(tess, path)


@pytest.mark.parametrize("word", [CANARY, "canary"])
def test_a_search_does_not_find_a_secret(rina: Client, tess: Client, word: str) -> None:
    told()
    assert "int_1" in rina.get("/inbox/?q=region").content.decode()
    assert "int_1" not in rina.get(f"/inbox/?q={word}").content.decode()
    assert "run_1" in tess.get("/runs/?q=leads").content.decode()
    assert "run_1" not in tess.get(f"/runs/?q={word}").content.decode()


def test_the_shown_context_is_masked_in_the_log(rina: Client) -> None:
    stored = Attempt.objects.get(pk=hold(told()).pk).shown
    assert stored["context"]["api_key"] == MASK
    assert CANARY not in json.dumps(stored)


def test_a_secret_that_changed_is_a_change_of_the_question(rina: Client) -> None:
    item = told()
    seen = shown_version_of(item)
    told(context={**CONTEXT, "api_key": OTHER}, updated_at=at(5))
    now = Interaction.objects.get(mobius_id="int_1")
    assert ShownVersion.parse(seen).differs_from(now)
    assert not ShownVersion.parse(shown_version_of(now)).differs_from(now)


def test_a_held_answer_to_a_question_whose_secret_changed_is_not_sent(rina: Client) -> None:
    version = ShownVersion(question=hold(told()).digest)
    assert not version.differs_from(told(updated_at=at(3)))
    assert version.differs_from(told(context={**CONTEXT, "api_key": OTHER}, updated_at=at(5)))


def test_the_version_in_the_page_does_not_let_a_secret_be_tried(
    rina: Client, settings: Any
) -> None:
    item = told()
    here = shown_version_of(item)
    settings.SECRET_KEY = "another installation's key, with the same question in it"
    assert shown_version_of(item) != here


def test_a_new_entry_is_masked_and_verifies(tess: Client) -> None:
    told()
    row = answer(shown={"message": "Ship it?", "context": CONTEXT})
    assert Decision.objects.get(pk=row.pk).shown["context"]["api_key"] == MASK
    assert verify().intact
    assert MASK in get(tess, f"/decisions/{row.number}/")
    assert MASK in get(tess, f"{QUESTION}receipt")


@sync_to_async
def older_entry() -> Decision:
    told()
    row = answer()
    row.shown = {"message": "Ship it?", "context": CONTEXT}
    row.hash = chain.hash_of(row.previous, chain.text_of(row))
    head = decision_log.head()
    head.hash = row.hash
    lift_triggers()
    sealed = [canonical(row.shown), row.hash, row.number]
    run_sql("UPDATE inbox_decision SET shown = %s, hash = %s WHERE number = %s", sealed)
    run_sql("UPDATE inbox_decisionhead SET hash = %s, mac = %s", [row.hash, chain.seal(head)])
    return row


@pytest.mark.django_db(transaction=True)
async def test_an_older_entry_stays_as_sealed_and_is_masked_where_it_is_read(people: None) -> None:
    row = await older_entry()
    for path in (f"/decisions/{row.number}/", f"{QUESTION}receipt", "/decisions/"):
        _, page = await download(path)
        assert CANARY not in page
    _, exported = await download("/decisions/export.jsonl")
    entry = json.loads(exported.splitlines()[0])
    assert entry["entry"]["shown"]["context"] == CONTEXT
    assert entry["hash"] == row.hash
    assert await sync_to_async(check_entry)(await Decision.objects.aget()) is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
async def test_the_exports_are_masked(people: None, ending: str) -> None:
    await sync_to_async(told)()
    await sync_to_async(answer)(shown={"message": "Ship it?", "context": CONTEXT})
    _, exported = await download(f"/decisions/export.{ending}")
    assert "db_password" in exported
    assert CANARY not in exported
