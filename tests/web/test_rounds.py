"""A question that goes back and forth between the person asked and its checkers."""

import re
from typing import Any

import pytest
from django.test import Client

from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.models import Draft, Interaction, Upstream
from inbox.web.questions.forms import is_filled_in
from tests.support.later_items import (
    CAVEATS,
    LEE,
    RINA,
    SAM,
    TABLES,
    WINDOW,
    question_of_b,
    question_of_c,
    response,
)
from tests.support.tags import text_of
from tests.web.cast import tell
from tests.web.test_decisions_page import text

QUESTION = "/interactions/iact_1/"
REQUEST = "Please name a quiet hour."
FIRST = [
    {"question_id": "window", "value": "tonight"},
    {"question_id": "caveats", "text": "Nothing comes to mind."},
    {"question_id": "tables", "values": ["orders", "users"]},
]
SECOND = [
    {"question_id": "window", "value": "sunday"},
    {"question_id": "caveats", "text": "Nothing new comes to mind."},
    {"question_id": "tables", "values": ["orders", "users"]},
]

pytestmark = pytest.mark.usefixtures("people", "synced")


def sent_back(*later: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Rina answered, and Lee asked for changes."""
    request = {
        "at": "2026-10-24T15:30:00Z",
        "status": "pending",
        "action": "changes_requested",
        "actor_id": LEE,
        "comment": REQUEST,
        "round": 1,
    }
    first = response(RINA, "iresp_1", answers=FIRST, comment="A first try.")
    usual = {
        "spec": {"questions": [{**WINDOW, "default_value": "sunday"}, CAVEATS, TABLES]},
        "resolution_policy": {"type": "any_of", "review": {"reviewer_user_ids": [LEE]}},
        "review_round": 1,
        "review_feedback": REQUEST,
        "reviewer": {"user_id": LEE},
        "responses": [first, *later],
        "lifecycle": [request],
        "expires_at": None,
    }
    return question_of_c(**(usual | fields))


def again(by: str = RINA, answers: Any = SECOND, id: str = "iresp_2") -> dict[str, Any]:
    return response(by, id, answers=answers, attempt=1)


def told(question: dict[str, Any], api: str = "c") -> None:
    Upstream.objects.update(generation=api)
    tell(read_interaction(question))


def form_of(client: Client, query: str = "") -> str:
    return (
        text(client, QUESTION + query).partition('id="answer-card"')[2].partition("</section>")[0]
    )


def checked(form: str) -> list[str]:
    return re.findall(r'value="([^"]*)"\s+checked', form)


def compared(client: Client) -> str:
    return text(client, QUESTION).partition('class="evidence"')[2].partition('class="same"')[0]


def test_the_form_has_the_last_answers_below_the_request(rina: Client) -> None:
    told(sent_back())
    page = text_of(text(rina, QUESTION))
    assert f"Round 2 · Lee asked for changes “{REQUEST}”" in page
    form = form_of(rina)
    assert checked(form) == ["tonight", "orders", "users"]
    assert "Nothing comes to mind.</textarea>" in form
    assert form.count("Your answer in round 1") == 3
    assert "Filled in by the workflow" not in form
    assert "A first try.</textarea>" not in form
    assert not Draft.objects.exists()


def test_a_draft_of_this_round_comes_first(rina: Client) -> None:
    told(sent_back())
    rina.post(f"{QUESTION}draft", {"value-window": "sunday", "operation_id": "op1"})
    form = form_of(rina)
    assert checked(form) == ["sunday"]
    assert "Nothing comes to mind." not in form
    assert "Your answer in round 1" not in form


def test_unsent_text_of_the_earlier_round_can_be_put_back(rina: Client) -> None:
    told(sent_back(review_round=0, responses=[], lifecycle=[]))
    rina.post(f"{QUESTION}draft", {"value-caveats": "From the phone", "operation_id": "op1"})
    told(sent_back())
    form = form_of(rina)
    assert "Nothing comes to mind.</textarea>" in form
    assert "Earlier text: What should I look out for? From the phone" in text_of(form)


def test_only_questions_and_options_that_still_exist_are_filled_in(rina: Client) -> None:
    window = {**WINDOW, "options": WINDOW["options"][1:]}
    tables = {**TABLES, "options": [{"value": "orders", "label": "Orders"}], "default": []}
    note = {"id": "note", "prompt": "Anything else?", "mode": "input", "default_text": "No"}
    told(sent_back(spec={"questions": [window, tables, note]}))
    form = form_of(rina)
    assert checked(form) == ["orders"]
    assert "1 of 2 selected" in text_of(form)
    assert "Nothing comes to mind." not in form


def test_what_was_filled_in_is_no_draft(rina: Client) -> None:
    other = [{"question_id": "window", "other": "At night"}]
    told(sent_back(responses=[response(RINA, answers=other)]))
    item = Interaction.objects.get()
    typed = {"value-window": ["…"], "other-window": ["At night"]}
    assert is_filled_in(item, RINA, typed, "")
    assert not is_filled_in(item, RINA, typed, "But why?")
    assert not is_filled_in(item, RINA, typed | {"other-window": ["At noon"]}, "")
    assert not is_filled_in(item, SAM, typed, "")


def test_the_last_answer_comes_before_that_of_a_link(rina: Client) -> None:
    first = [{"question_id": "window", "value": "tonight"}]
    told(
        sent_back(spec={"questions": [WINDOW]}, responses=[response(RINA, answers=first)]),
    )
    assert "Your last answers are shown, not what the link suggests" in text_of(
        text(rina, f"{QUESTION}?answer=sunday")
    )
    assert checked(form_of(rina, "?answer=sunday")) == ["tonight"]
    assert checked(form_of(rina, "?answer=sunday&show=suggestion")) == ["sunday"]
    form = form_of(rina, "?comment=As+agreed")
    assert checked(form) == ["tonight"]
    assert "As agreed</textarea>" in form


def test_an_approval_is_asked_for_anew(rina: Client) -> None:
    told(
        question_of_b(
            review_round=1,
            review_feedback=REQUEST,
            reviewer={"user_id": LEE},
            responses=[response(RINA, value=True)],
            expires_at=None,
        ),
        "b",
    )
    page = text_of(text(rina, QUESTION))
    assert f"Round 2 · Lee asked for changes “{REQUEST}”" in page
    assert "Your answer in round 1" not in page


@pytest.mark.parametrize("status", ["in_review", "completed"])
def test_submitted_answers_are_shown_beside_the_last_ones(tess: Client, status: str) -> None:
    told(sent_back(again(), status=status))
    shown = compared(tess)
    words = text_of(shown)
    assert "Round 2 · Rina When may the migration run? Round 1 Tonight Round 2 On Sunday" in words
    assert "<del>Tonight</del>" in shown
    assert "<ins>On Sunday</ins>" in shown
    assert "Nothing <ins>new </ins>comes to mind." in shown
    assert "Which tables may be locked? Unchanged since round 1 Orders, Users" in words


def test_each_person_is_compared_with_their_own_answers(tess: Client) -> None:
    told(
        sent_back(
            again(SAM, SECOND[:1]),
            again(RINA, FIRST[:1], "iresp_3"),
            target_user_ids=[RINA, SAM],
            resolution_policy={"type": "all_of", "review": {"reviewer_user_ids": [LEE]}},
        )
    )
    words = text_of(compared(tess))
    assert "Round 2 · Sam When may the migration run? No earlier answer On Sunday" in words
    assert "Round 2 · Rina When may the migration run? Unchanged since round 1 Tonight" in words
    assert "What should I look out for? Round 1 Nothing comes to mind. Round 2 No answer" in words


def test_hidden_answers_are_not_compared(sam: Client, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    told(
        sent_back(
            again(),
            target_user_ids=[RINA, SAM],
            resolution_policy={"type": "all_of", "review": {"reviewer_user_ids": [LEE]}},
        )
    )
    page = text(sam, QUESTION)
    assert not re.search("Nothing (new )?comes", page)
    assert "Tonight" not in page.partition('id="history"')[2]
    assert "A first try." not in page
    assert "Round 2 · Rina" not in text_of(page)


def test_in_the_first_round_there_is_nothing_to_compare(tess: Client) -> None:
    first = response(RINA, answers=FIRST)
    told(sent_back(review_round=0, responses=[first], lifecycle=[], status="in_review"))
    page = text_of(text(tess, QUESTION))
    assert "Round 1" not in page


def test_the_history_has_the_answers_of_earlier_rounds(rina: Client) -> None:
    told(sent_back(again(), status="in_review"))
    history = text_of(text(rina, QUESTION).partition('id="history"')[2])
    answer = "You answered"
    assert history.count(answer) == 2
    assert "When may the migration run? Tonight What should I look out for?" in history
    assert "On Sunday" not in history
    assert re.search(f"Round 1 · Lee asked for changes.{{,20}}“{REQUEST}”", history)
