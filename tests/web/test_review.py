"""What the checkers of a question see of it."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from inbox.answering import deactivation
from inbox.answering.deactivation import Blocked
from inbox.audit.origin import BACKGROUND
from inbox.mobius.adapters.later.interaction import read_interaction
from inbox.models import (
    Credential,
    Decision,
    Delivery,
    Draft,
    Machine,
    Notice,
    Reviewer,
    Upstream,
)
from tests.fixtures_engine import Organization
from tests.support.later_items import LEE, RINA, SAM, response
from tests.support.people import make_people
from tests.support.sending import plan_all
from tests.support.tags import text_of
from tests.web.cast import sign_in, soon, tell
from tests.web.test_decisions_page import text
from tests.web.test_rounds import FIRST, QUESTION, SECOND, again, compared, sent_back, told

pytestmark = pytest.mark.usefixtures("db", "synced")


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
    assert 'data-sends="review"' not in page


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
    assert 'data-sends="review"' in page.content.decode()


def test_the_second_round_shows_the_request(lee: Client) -> None:
    told(sent_back(again(), status="in_review"))
    page = text_of(text(lee, QUESTION))
    assert "Round 2 · You asked for changes" in page
    assert SECOND[1]["text"] in page


def form_of(client: Client) -> str:
    page = text(client, QUESTION)
    return page.partition('id="answer-card"')[2].partition("</section>")[0]


def test_the_form_asks_before_it_sends(lee: Client) -> None:
    told(submitted())
    form = text_of(form_of(lee))
    assert "Accept" in form
    assert "Request changes" in form
    assert "Changes go back to Rina." in form
    sent = {"value": "accept", "comment": "Fine.", "guard": "confirm", "round": "0"}
    page = lee.post(f"{QUESTION}review", sent)
    assert page.status_code == 422
    step = page.content.decode().partition('data-for="accept"')[2].partition(">")[0]
    assert "hidden" not in step
    assert Draft.objects.get().comment == "Fine."
    assert "Fine.</textarea>" in form_of(lee)


def test_changes_need_a_comment(lee: Client) -> None:
    told(submitted())
    page = lee.post(f"{QUESTION}review", {"value": "request_changes", "comment": " "})
    assert page.status_code == 422
    assert "Enter what should change." in text_of(page.content.decode())
    unknown = lee.post(f"{QUESTION}review", {"value": "reject", "comment": "Why?"})
    assert unknown.status_code == 422
    assert "Why?</textarea>" in unknown.content.decode()


def test_without_a_token_it_says_so(lee: Client) -> None:
    told(submitted())
    Credential.objects.all().delete()
    assert "You need a member token to review this" in text_of(text(lee, QUESTION))


def test_only_what_is_reviewed_has_the_path(lee: Client, rina: Client, tess: Client) -> None:
    told(submitted())
    accept = {"value": "accept", "comment": ""}
    own = rina.post(f"{QUESTION}review", accept)
    assert own.status_code == 409
    assert "You can't review your own work" in text_of(own.content.decode())
    assert tess.post(f"{QUESTION}review", accept).status_code == 404
    told(submitted(resolution_policy={"type": "any_of"}))
    assert rina.post(f"{QUESTION}review", accept).status_code == 404
    assert lee.post(f"{QUESTION}review/check", accept).status_code == 404


def test_the_first_answers_are_shown_whole(lee: Client) -> None:
    told(submitted())
    words = text_of(compared(lee))
    assert "Round 1 · Rina When may the migration run? Submitted Tonight" in words


@pytest.fixture
def asked(organization: Organization, synced: None, settings: Any, patience: None) -> str:
    """An approval that Rina has submitted and Lee reviews."""
    settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = organization.base_url
    settings.MOBIUS_API, settings.MOBIUS_PROJECT = "c", organization.handle
    settings.MOBIUS_API_KEY = organization.service_key
    make_people(tokens=organization.tokens)
    policy = {"type": "any_of", "review": {"reviewer_user_ids": [LEE]}}
    made = organization.ask(resolution_policy=policy)
    submit(organization, made["id"])
    return str(made["id"])


def submit(organization: Organization, id: str) -> None:
    yes = {"answers": [{"question_id": "ship", "value": "approved"}]}
    organization.as_(RINA).post(f"interactions/{id}/respond", json=yes).raise_for_status()
    tell(read_interaction(organization.http.get(f"interactions/{id}").json()))


@pytest.mark.django_db(transaction=True)
def test_changes_are_requested_and_what_comes_back_is_accepted(
    organization: Organization, asked: str
) -> None:
    lee, rina, path = sign_in("lee"), sign_in("rina"), f"/interactions/{asked}/"
    sent = {"guard": "confirm", "confirmed": "1", "round": "0"}
    changes = {**sent, "value": "request_changes", "comment": "Name a date."}
    page = lee.post(f"{path}review", changes, follow=True)
    assert "Changes requested. It's back with Rina." in text_of(page.content.decode())
    assert not Draft.objects.exists()
    assert "Round 2 · Lee asked for changes “Name a date.”" in text_of(text(rina, path))
    submit(organization, asked)
    page = lee.post(f"{path}review", {**sent, "value": "accept", "comment": "Good, now."})
    assert page.status_code == 409
    words = text_of(page.content.decode())
    assert "This was submitted again after you opened it" in words
    assert "Good, now.</textarea>" in page.content.decode()
    accept = {**sent, "value": "accept", "round": "1", "comment": "Good, now."}
    page = lee.post(f"{path}review", accept, follow=True)
    assert "Accepted. The question is closed." in text_of(page.content.decode())
    page = lee.post(f"{path}review/check", accept, follow=True)
    assert "You accepted this" in text_of(text(lee, path))
    receipts = text_of(lee.get(f"{path}receipt").content.decode())
    assert "Lee accepted: Ship it?" in receipts
    assert "Lee asked for changes: Ship it?" in receipts
    assert [entry.verb for entry in Decision.objects.filter(actor=LEE).order_by("number")] == [
        "request_changes",
        "accept",
    ]


BLOCKED = "/runs/blocked/"


def in_review(*checkers: str, **fields: Any) -> dict[str, Any]:
    policy = {"type": "any_of", "review": {"reviewer_user_ids": list(checkers)}}
    return submitted(resolution_policy=policy, **fields)


def test_blocked_lists_it_with_its_checkers_and_leads_nudge_them(tess: Client) -> None:
    told(in_review(LEE))
    page = text(tess, BLOCKED)
    words = text_of(page.partition('id="question-iact_1"')[2].partition("</tbody>")[0])
    assert "Before I migrate the database" in words
    assert "In review" in words
    assert "Lee" in words
    assert "Rina" not in words
    assert 'id="question-iact_1"' not in text(tess, f"{BLOCKED}?person={RINA}")
    question = text_of(text(tess, QUESTION))
    assert "Waiting for Lee" in question
    form = {"user_id": LEE, "back": QUESTION}
    assert tess.post(f"{QUESTION}nudge", form).status_code == 303
    assert Notice.objects.get(kind="nudge").reviewer.mobius_id == LEE
    plan_all(soon())
    assert Delivery.objects.get(event__kind="nudged").reviewer.mobius_id == LEE
    tess.post(f"{QUESTION}nudge", form | {"user_id": RINA})
    assert Notice.objects.filter(kind="nudge").count() == 1
    assert tess.post(f"{QUESTION}nudge", form | {"user_id": SAM}).status_code == 404


def test_in_blocked_by_person_it_is_below_its_checker(tess: Client) -> None:
    told(in_review(LEE))
    Upstream.objects.update(generation="b")
    page = text(tess, BLOCKED)
    assert "In review" in text_of(page.partition(f'id="person-{LEE}"')[2].partition("</tbody>")[0])


def test_leads_are_told_once_if_no_checker_has_an_account(tess: Client) -> None:
    told(in_review("user_ghost"))
    notice = Notice.objects.get(kind="no_checker")
    assert notice.reviewer.mobius_id == "user_tess"
    Notice.objects.update(read_at=soon())
    told(in_review("user_ghost", updated_at="2026-10-24T15:00:00Z"))
    assert Notice.objects.get().read_at is not None
    page = text_of(text(tess, "/notifications/"))
    assert "None of the people who can review a question has an account here" in page


@pytest.mark.parametrize("checkers", [("user_ghost", LEE), ("agent_scout",)])
def test_someone_who_can_review_it_is_enough(tess: Client, checkers: tuple[str, ...]) -> None:
    Machine.objects.create(mobius_id="agent_scout", name="Scout")
    told(in_review(*checkers))
    assert not Notice.objects.exists()


async def test_leads_are_told_when_the_last_checker_is_deactivated(people: None) -> None:
    await sync_to_async(told)(in_review(LEE))
    lee = await Reviewer.objects.select_related("user").aget(user__username="lee")
    done = await deactivation.deactivate(reviewer=lee, origin=BACKGROUND)
    assert [(item.mobius_id, why) for item, why in done.left.blocked] == [("iact_1", Blocked.ALONE)]
    assert [row.kind async for row in Notice.objects.all()] == ["no_checker"]
