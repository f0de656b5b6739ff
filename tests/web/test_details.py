"""What generations B and C say about a question besides its text and its context."""

from typing import Any

import pytest
from django.test import Client

from inbox.access.redaction import MASK
from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.models import Interaction, Upstream
from tests.support.later_items import LEE, RINA, SAM, question_of_c, response, task_sent_back
from tests.support.tags import text_of
from tests.web.cast import HTMX, tell
from tests.web.test_decisions_page import text

QUESTION = "/interactions/iact_1/"
CANARY = "canary-hunter2"
CARD = "4111 1111 1111 1111"

pytestmark = pytest.mark.usefixtures("people", "synced")


def told(question: dict[str, Any]) -> None:
    Upstream.objects.update(generation="c")
    tell(read_interaction(question))


def answers(text: str) -> list[dict[str, Any]]:
    return [{"question_id": "caveats", "text": text}]


def event(action: str, by: str | None = LEE, status: str = "pending", **fields: Any) -> Any:
    at = "2026-10-24T15:30:00Z"
    return {"at": at, "status": status, "action": action, "actor_id": by, "round": 0, **fields}


def test_references_are_links_with_relation_and_label(rina: Client) -> None:
    told(
        question_of_c(
            subject={"kind": "external_url", "url": "https://status.example/7", "label": "Seven"},
            references=[
                {"url": "http://files.example/a", "relation": "evidence"},
                {"url": "javascript:alert(1)", "label": "Trap"},
                {"entity_type": "artifact", "entity_id": "art_1", "relation": "root_cause"},
                {"kind": "external_url"},
            ],
        )
    )
    page = text(rina, QUESTION)
    assert 'href="https://status.example/7"' in page
    assert 'href="http://files.example/a"' in page
    assert 'href="javascript' not in page
    words = text_of(page)
    for line in (
        "Subject Seven (status.example)",
        "Evidence files.example/a",
        "Reference Trap (javascript:alert(1))",
        "Root cause Artifact art_1",
        "Conversation ses_1 Turn turn_1",
    ):
        assert line in words


@pytest.mark.parametrize("status", ["pending", "expired"])
def test_what_is_asked_is_on_the_page_once(rina: Client, status: str) -> None:
    told(question_of_c(status=status, expires_at=None))
    words = text_of(text(rina, QUESTION))
    for line in (
        "When may the migration run?",
        "What should I look out for?",
        "locks a few tables",
    ):
        assert words.count(line) == 1


def test_who_created_it_is_the_requester(rina: Client) -> None:
    told(question_of_c(created_by=SAM))
    assert "Sam asked" in text(rina, QUESTION)
    assert "No workflow" not in text(rina, "/inbox/")
    assert "Before I migrate the database" in text(rina, f"/inbox/?requester={SAM}")


def test_what_has_a_secret_key_is_masked_and_can_be_revealed(rina: Client) -> None:
    told(
        question_of_c(
            tags={"api_token": CANARY, "area": "storage"},
            properties={"db": {"password": CANARY}, "paid_with": CARD, "size": "large"},
            subject={"label": CARD, "url": "https://status.example/7"},
            review_feedback=CARD,
            lifecycle=[event("changes_requested", comment=CARD)],
            review_round=1,
        )
    )
    page, raw = text(rina, QUESTION), text(rina, f"{QUESTION}raw.json")
    for shown in (page, raw):
        assert CANARY not in shown
        assert CARD not in shown
        assert MASK in shown
        assert "storage" in shown
        assert "large" in shown
    for path in ("/details/properties/db/password", "/details/tags/api_token"):
        revealed = rina.post(f"{QUESTION}reveal", {"path": path}, headers=HTMX)
        assert CANARY in revealed.content.decode()


def test_hidden_answers_are_nowhere_on_the_page(rina: Client, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    told(
        question_of_c(
            target_user_ids=[RINA, SAM],
            resolution_policy={"type": "all_of"},
            responses=[response(SAM, answers=answers(CANARY), comment=CANARY)],
            outcome=[CANARY],
            lifecycle=[event("submitted_for_review", SAM, comment=CANARY)],
        )
    )
    for path in (QUESTION, f"{QUESTION}raw.json"):
        assert CANARY not in text(rina, path)


def test_the_history_has_every_round(sam: Client) -> None:
    told(
        task_sent_back()
        | {
            "expires_at": None,
            "lifecycle": [
                event("created", SAM),
                event("submitted_for_review", LEE),
                event("changes_requested", RINA, comment="Please add the totals."),
                event("unheard_of"),
                event("submitted_for_review", LEE),
            ],
        }
    )
    page = text(sam, QUESTION)
    words = text_of(page.partition('id="history"')[2])
    for line in (
        "Assigned to Lee and you",
        "Round 1 · Submitted for review",
        "Round 1 · Rina asked for changes",
        "Please add the totals.",
        "Round 2 · Submitted for review",
    ):
        assert words.count(line) == 1
    assert words.count("Lee submitted the result") == 2
    assert "Submit the result" in text_of(page)


def test_a_cancelled_question_says_who_cancelled_it_and_why(rina: Client) -> None:
    told(
        question_of_c(
            status="cancelled",
            cancel_reason="The migration is off.",
            lifecycle=[event("cancelled", status="cancelled", comment="The migration is off.")],
        )
    )
    words = text_of(text(rina, QUESTION))
    assert words.count("Lee cancelled the question") == 2
    assert words.count("The migration is off.") == 2


def test_values_of_any_shape_are_shown(rina: Client) -> None:
    deep: Any = "bottom"
    for _ in range(150):
        deep = {"down": [deep]}
    told(
        question_of_c(
            tags={"count": 3, "flags": [True, None], "none": None},
            properties={"deep": deep, "list": [1, "two"], "": ""},
            subject={},
            references=["https://status.example", None, {"url": 7, "label": ["x"]}],
            lifecycle=[None, {"at": 12, "action": 3, "round": "two"}],
            cancel_reason={"why": 1},
            created_by=17,
        )
    )
    for path in (QUESTION, f"{QUESTION}raw.json", "/inbox/", "/inbox/?q=flags"):
        assert rina.get(path).status_code == 200
    assert "References" in text(rina, QUESTION)
    assert Interaction.objects.get().asked_by == "17"


def test_tasks_can_be_filtered(rina: Client) -> None:
    assert "type=task" not in text(rina, "/inbox/")
    told(question_of_c(kind="assign_work"))
    assert "type=task" in text(rina, "/inbox/")
    assert "Before I migrate the database" in text(rina, "/inbox/?type=task")
