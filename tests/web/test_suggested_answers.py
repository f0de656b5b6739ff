import re
from typing import Any

import pytest
from django.test import Client

from inbox.mobius.types import Option, Question
from inbox.models import Attempt, Draft
from tests.support.snapshots import RINA, answered, ask
from tests.web.cast import part, tell

PAGE = "/interactions/int_1/"
OPTIONS = (Option(value="a", label="Clearline"), Option(value="b", label="Northgate"))
WRITING = Question(mode="input", multiline=True)
FROM_LINK = "Filled in from the link you opened"
FROM_DRAFT = "Your draft is shown, not what the link suggests"
LEFT_OUT = "that can't be used here."


@pytest.fixture(autouse=True)
def undo(settings: Any) -> None:
    settings.ANSWER_GUARD = "undo"


def page_of(client: Client, query: Any, **how: Any) -> str:
    answer = client.get(PAGE, query, **how)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def shows(page: str, heading: str) -> bool:
    notices = re.findall(r'<div class="notice[^"]*"([^>]*)>(.*?)</(?:h2|strong)>', page)
    return any(heading in text and " hidden" not in tag for tag, text in notices)


def comment_in(page: str) -> str:
    found = re.search(r'<textarea class="input" id="answer-comment"[^>]*>(.*?)</textarea>', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("question", "answer", "filled"),
    [
        (Question(mode="confirm"), ["true"], "Suggested by the link: Approve"),
        (Question(mode="confirm"), ["false"], "Suggested by the link: Reject"),
        (Question(mode="select", options=OPTIONS, default="b"), ["a"], 'value="a" checked'),
        (Question(mode="multi_select", options=OPTIONS), ["a", "b"], "2 of 2 selected"),
        (WRITING, ["Two coats"], "> Two coats</textarea>"),
        (Question(mode="input"), ["Two coats"], 'value="Two coats"'),
    ],
)
def test_it_fills_in_the_form_of_each_mode_and_says_so(
    rina: Client, question: Question, answer: list[str], filled: str
) -> None:
    tell(ask(questions=(question,)))
    page = page_of(rina, {"answer": answer, "comment": "As agreed"})
    assert shows(page, FROM_LINK)
    assert not shows(page, FROM_DRAFT)
    assert filled in page
    assert comment_in(page) == "As agreed"
    assert "Filled in by the workflow" not in page
    assert page.count(" checked") == (len(answer) if question.options else 0)


def test_nothing_is_sent_or_saved_by_opening_it(rina: Client) -> None:
    tell(ask())
    page_of(rina, {"answer": "true", "comment": "As agreed"})
    assert not Attempt.objects.exists()
    assert not Draft.objects.exists()


def test_a_suggested_comment_leaves_the_default_answer(rina: Client) -> None:
    tell(ask(questions=(Question(mode="select", options=OPTIONS, default="b"),)))
    page = page_of(rina, {"comment": "As agreed"})
    assert 'value="b" checked' in page
    assert "Filled in by the workflow" in page
    assert "The link suggests this comment." in page


def test_the_workflows_suggestion_stands_beside_the_links(rina: Client) -> None:
    tell(ask(questions=(Question(mode="confirm", default=False),)))
    page = page_of(rina, {"answer": "true"})
    approve, reject = (
        page.split(f'value="{value}"')[1].split(">")[0] for value in ("true", "false")
    )
    assert 'aria-describedby=" suggested-by-link"' in approve
    assert 'aria-describedby="suggested "' in reject


@pytest.mark.parametrize(
    ("question", "query"),
    [
        (Question(mode="confirm"), {"answer": "maybe"}),
        (Question(mode="confirm"), {"answer": ["true", "false"]}),
        (Question(mode="select", options=OPTIONS), {"answer": "c"}),
        (Question(mode="multi_select", options=OPTIONS), {"answer": ["a", "a"]}),
        (Question(mode="multi_select", options=OPTIONS), {"answer": ["a", "c"]}),
        (WRITING, {"answer": "x" * 2001}),
        (WRITING, {"comment": "x" * 2001}),
        (WRITING, {"answer": "pay \N{RIGHT-TO-LEFT OVERRIDE}001"}),
        (WRITING, {"comment": "pay \N{RIGHT-TO-LEFT OVERRIDE}001"}),
    ],
)
def test_an_unusable_suggestion_is_left_out_and_the_page_says_so(
    rina: Client, question: Question, query: Any
) -> None:
    tell(ask(questions=(question,)))
    page = page_of(rina, query)
    assert page.count(LEFT_OUT) == 1
    assert "from the link" not in page
    assert "Your draft is shown" not in page
    assert 'data-guard="undo"' in page
    assert 'name="suggested" value=""' in page
    assert " checked" not in page
    assert comment_in(page) == ""


def test_a_comment_is_used_although_the_answer_is_not(rina: Client) -> None:
    tell(ask())
    page = page_of(rina, {"answer": "maybe", "comment": "x" * 2001})
    assert "The link suggests an answer and a comment that can't be used here." in page
    page = page_of(rina, {"answer": "maybe", "comment": "As <agreed>"})
    assert "The link suggests an answer that can't be used here." in page
    assert comment_in(page) == "As &lt;agreed&gt;"
    assert "Suggested by the link" not in page
    assert page.count(LEFT_OUT) == 1


def test_an_empty_suggestion_is_none(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    assert LEFT_OUT not in page_of(rina, {"answer": " ", "comment": ""})


def test_a_form_that_a_link_has_filled_says_so_to_the_server_and_to_scripts(rina: Client) -> None:
    tell(ask())
    page = page_of(rina, {"answer": "true", "comment": "a & b"})
    assert 'data-guard="confirm"' in page
    assert 'name="suggested" value="answer=true&amp;comment=a+%26+b"' in page
    claimed_or_wrong = rina.post(f"{PAGE}respond", {"value": "", "suggested": "answer=true"})
    assert claimed_or_wrong.status_code == 422
    again = claimed_or_wrong.content.decode()
    assert 'data-guard="confirm"' in again
    assert re.search(r'name="suggested"\s+value="answer=true"', again)


def save(client: Client, **fields: Any) -> None:
    assert client.post(f"{PAGE}draft", {"value": "", **fields}).status_code == 204


def test_a_draft_stays_in_the_form_and_the_suggestion_is_named(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    save(rina, value="My own", comment="words")
    page = page_of(rina, {"answer": "Two coats", "comment": "As agreed"})
    assert shows(page, FROM_DRAFT)
    assert not shows(page, FROM_LINK)
    assert "> My own</textarea>" in page
    assert comment_in(page) == "words"
    assert "Two coats As agreed" in page
    assert 'data-guard="confirm"' in page


def test_the_suggestion_is_shown_on_request_and_the_draft_stays_beside_it(rina: Client) -> None:
    tell(ask(questions=(WRITING,)))
    save(rina, value="My own", operation_id="desk")
    asked = {"answer": "Two coats", "show": "suggestion"}
    page = page_of(rina, asked)
    assert shows(page, FROM_LINK)
    assert "> Two coats</textarea>" in page
    assert "Earlier text: My own" in page
    assert Draft.objects.get().values == {"value": ["My own"]}
    # Edited, the form has a draft of its own, and reads itself again with that.
    assert (
        rina.post(f"{PAGE}draft", {"value": "Two coats, red", "operation_id": "tab"}).status_code
        == 200
    )
    page = page_of(rina, {**asked, "operation_id": "tab"}, headers=part("detail"))
    assert "> Two coats, red</textarea>" in page
    assert shows(page, FROM_DRAFT)


@pytest.mark.parametrize("comment", ["", "As agreed"])
def test_an_empty_draft_or_one_with_the_same_text_is_no_other_draft(
    rina: Client, comment: str
) -> None:
    tell(ask())
    save(rina, comment=comment)
    page = page_of(rina, {"answer": "true", "comment": "As agreed"})
    assert shows(page, FROM_LINK)
    assert f'name="draft" value="{Draft.objects.get().base}"' in page


def test_the_page_that_reads_itself_again_keeps_the_suggestion(rina: Client) -> None:
    tell(ask())
    again = 'hx-get="/interactions/int_1/?type=approval&amp;answer=true&amp;comment=As+agreed"'
    query = {"type": "approval", "answer": "true", "comment": "As agreed"}
    assert again in page_of(rina, query)


def test_it_suggests_nothing_where_there_is_nothing_to_answer(rina: Client) -> None:
    tell(answered(ask(), RINA, 1))
    page = page_of(rina, {"answer": "true", "comment": "As agreed"})
    assert "As agreed" not in page


def test_signing_in_comes_back_to_it(people: None) -> None:
    tell(ask())
    answer = Client().get(PAGE, {"answer": "true", "comment": "As agreed"})
    assert answer.status_code == 302
    assert "answer%3Dtrue%26comment%3DAs%2Bagreed" in answer["Location"]
