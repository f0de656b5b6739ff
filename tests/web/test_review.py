"""What the checkers of a question see of it."""

from typing import Any

import pytest
from django.test import Client

from inbox.models import Decision, Upstream
from tests.support.later_items import LEE, RINA, SAM, response
from tests.support.tags import text_of
from tests.web.cast import sign_in, soon
from tests.web.test_decisions_page import text
from tests.web.test_rounds import FIRST, QUESTION, SECOND, again, compared, sent_back, told

pytestmark = pytest.mark.usefixtures("people", "synced")


@pytest.fixture
def lee(people: None) -> Client:
    return sign_in("lee")


def submitted(**fields: Any) -> dict[str, Any]:
    first = response(RINA, answers=FIRST, comment="A first try.")
    usual = {"review_round": 0, "responses": [first], "lifecycle": [], "status": "in_review"}
    return sent_back(**(usual | fields))


def listed(client: Client, query: str = "") -> bool:
    return 'id="entry-iact_1"' in text(client, f"/inbox/{query}")


def test_a_question_is_not_theirs_before_it_is_submitted(lee: Client) -> None:
    told(sent_back(review_round=0, responses=[], lifecycle=[]))
    assert not listed(lee)
    assert lee.get(QUESTION).status_code == 404


def test_in_review_it_is_in_their_inbox_counts_and_filters(lee: Client, rina: Client) -> None:
    told(submitted())
    page = text(lee, "/inbox/")
    row = page.partition('id="entry-iact_1"')[2].partition("</li>")[0]
    assert "To review" in text_of(row)
    assert listed(lee, "?review=yes")
    assert not listed(lee, "?review=yes&type=approval")
    assert listed(lee, "?q=migrate")
    assert not listed(rina)
    assert listed(rina, "?scope=waiting-others")


def test_the_filter_leaves_out_what_they_are_asked_themselves(lee: Client) -> None:
    told(submitted())
    told(sent_back(id="iact_2", target_user_ids=[LEE], review_round=0, responses=[], lifecycle=[]))
    assert 'id="entry-iact_2"' in text(lee, "/inbox/")
    assert 'id="entry-iact_2"' not in text(lee, "/inbox/?review=yes")
    changes = text(lee, "/inbox/changes/?changed=iact_1&shown=iact_1&shown=iact_2")
    assert "To review" in changes


def test_the_filter_is_there_with_reviews_only(lee: Client) -> None:
    told(submitted())
    assert "review=yes" in text(lee, "/inbox/")
    Upstream.objects.update(generation="a")
    assert "review=yes" not in text(lee, "/inbox/")


def test_they_see_what_was_submitted_though_answers_are_hidden(lee: Client, settings: Any) -> None:
    settings.GROUP_ANSWERS_HIDDEN_UNTIL_MINE = True
    told(
        submitted(
            responses=[response(RINA, answers=FIRST, comment="A first try."), again(SAM)],
            target_user_ids=[RINA, SAM],
            resolution_policy={"type": "all_of", "review": {"reviewer_user_ids": [LEE]}},
        )
    )
    page = text_of(text(lee, QUESTION))
    assert "Nothing comes to mind." in page
    assert "A first try." in page
    assert listed(lee, "?q=comes+to+mind")


def test_this_rounds_answers_stand_beside_the_last_ones(lee: Client) -> None:
    told(sent_back(again(), status="in_review"))
    words = text_of(compared(lee))
    assert "Round 2 · Rina When may the migration run? Round 1 Tonight Round 2 On Sunday" in words


def test_a_question_that_was_sent_back_stays_theirs(lee: Client) -> None:
    told(submitted())
    told(sent_back())
    assert not listed(lee)
    assert listed(lee, "?scope=waiting-others")
    page = text_of(text(lee, QUESTION))
    assert "Waiting for Rina" in page
    assert "You can review it again once it has been submitted." in page
    assert "Round 1 · You asked for changes" in page


def test_what_they_accepted_is_done(lee: Client) -> None:
    event = {"at": "2026-10-24T16:00:00Z", "status": "completed", "action": "accepted"}
    told(submitted(status="completed", lifecycle=[{**event, "actor_id": LEE, "round": 0}]))
    page = text(lee, "/inbox/?scope=done")
    row = page.partition('id="entry-iact_1"')[2].partition("</li>")[0]
    assert "Accepted" in text_of(row)
    assert "answered 1 question today" not in text_of(text(lee, "/inbox/"))
    assert not Decision.objects.filter(actor=LEE).exists()


def test_whoever_is_asked_does_not_review_it(rina: Client) -> None:
    review = {"reviewer_user_ids": [RINA, LEE]}
    told(submitted(resolution_policy={"type": "any_of", "review": review}))
    assert not listed(rina)
    page = text(rina, QUESTION)
    assert "This was answered and is being reviewed." in page
    assert 'id="to-review"' not in page


def test_it_can_be_snoozed_and_marked_as_unread(lee: Client) -> None:
    told(submitted())
    assert "Mark as unread" in text_of(text(lee, QUESTION))
    lee.post(f"{QUESTION}seen", {"version": ""})
    assert "row--unread" not in text(lee, "/inbox/")
    lee.post(f"{QUESTION}unread")
    assert "row--unread" in text(lee, "/inbox/")
    until = soon(hours=1).isoformat()
    assert lee.post(f"{QUESTION}snooze", {"preset": until}).status_code == 303
    assert not listed(lee)
    assert listed(lee, "?snoozed=yes")


def test_focus_mode_has_what_is_to_be_reviewed(lee: Client) -> None:
    told(submitted())
    page = lee.get("/inbox/focus/", follow=True)
    assert 'id="to-review"' in page.content.decode()


def test_the_second_round_shows_the_request(lee: Client) -> None:
    told(sent_back(again(), status="in_review"))
    page = text_of(text(lee, QUESTION))
    assert "Round 2 · You asked for changes" in page
    assert SECOND[1]["text"] in page
