"""Focus mode: one question at a time, in the order that the list had on entry."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from inbox.mobius.types import Policy, PolicyKind
from inbox.models import Recipient
from tests.support.snapshots import LEE, RINA, SAM, answered, ask, group_ask
from tests.web.cast import part, soon, tell

ANY = Policy(kind=PolicyKind.ANY)
NONE_LEFT = "You're all caught up"
BEEN_THROUGH = "You've gone through them all"


def three() -> None:
    """The one that was stored last is due first."""
    tell(
        *(ask(f"int_{n}", message=f"Number {n}?", expires_at=soon(hours=4 - n)) for n in (1, 2, 3))
    )


def enter(client: Client, query: str = "") -> str:
    answer = client.get(f"/inbox/focus/{query}")
    assert answer.status_code == 302
    return str(answer["Location"])


def page_of(client: Client, address: str, **how: Any) -> str:
    answer = client.get(address, **how)
    assert answer.status_code == 200, answer.status_code
    return " ".join(answer.content.decode().split())


def heading(page: str) -> str:
    found = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", page)
    assert found is not None
    return found[1].replace("&#x27;", "'")


def place(page: str) -> str:
    found = re.search(r'id="focus-words">(.*?)</span>', page)
    return found[1] if found else ""


def key(page: str, name: str) -> str:
    links = re.findall(r"<a [^>]*>", page)
    found = [link for link in links if f'data-key="{name}"' in link]
    assert found, f"nothing has the key {name}"
    href = re.search(r' href="([^"]*)"', found[0])
    assert href is not None
    return href[1].replace("&amp;", "&")


def test_it_goes_through_the_questions_in_due_order_and_back(rina: Client) -> None:
    three()
    page = page_of(rina, enter(rina))
    assert (heading(page), place(page)) == ("Number 3?", "1 of 3")
    page = page_of(rina, key(page, "j"))
    assert (heading(page), place(page)) == ("Number 2?", "2 of 3")
    page = page_of(rina, key(page, "j"))
    assert (heading(page), place(page)) == ("Number 1?", "3 of 3")
    assert heading(page_of(rina, key(page, "k"))) == "Number 2?"


def test_only_the_question_is_on_the_screen(rina: Client) -> None:
    three()
    page = page_of(rina, enter(rina))
    for other in ("inbox-list", 'class="rail"', 'class="tabs"', "Number 2?"):
        assert other not in page
    assert 'action="/interactions/int_3/respond"' in page


def test_the_order_stays_as_it_was_on_entry(rina: Client) -> None:
    three()
    first = enter(rina)
    tell(ask("int_4", message="Number 4?", expires_at=soon(minutes=5)))
    tell(ask("int_1", 1, message="Number 1?", expires_at=soon(minutes=1)))
    page = page_of(rina, first)
    assert (heading(page), place(page)) == ("Number 3?", "1 of 3 · 1 new")
    assert heading(page_of(rina, key(page, "j"))) == "Number 2?"
    assert heading(page_of(rina, enter(rina))) == "Number 1?"


def test_two_tabs_have_orders_of_their_own(rina: Client) -> None:
    three()
    whole = enter(rina)
    tell(ask("int_4", message="Number 4?", type="review", expires_at=soon(minutes=5)))
    reviews = enter(rina, "?type=review")
    assert place(page_of(rina, whole)) == "1 of 3 · 1 new"
    assert place(page_of(rina, reviews)) == "1 of 1"
    assert place(page_of(rina, whole)) == "1 of 3 · 1 new"


def test_it_takes_the_filters_from_the_address_and_leads_back_to_them(rina: Client) -> None:
    three()
    tell(ask("int_4", message="Number 4?", type="review"))
    assert "/inbox/focus/?type=review" in page_of(rina, "/inbox/?type=review")
    page = page_of(rina, enter(rina, "?type=review"))
    assert (heading(page), place(page)) == ("Number 4?", "1 of 1")
    assert key(page, "Escape") == "/inbox/?type=review"


def test_questions_that_others_have_claimed_are_left_out(rina: Client) -> None:
    tell(
        group_ask("int_1", message="Mine?", policy=ANY, claimed_by=RINA),
        group_ask("int_2", message="Lee's?", policy=ANY, claimed_by=LEE),
        group_ask("int_3", message="Free?", policy=ANY),
    )
    first = enter(rina)
    assert place(page_of(rina, first)) == "1 of 2"
    tell(group_ask("int_3", 1, message="Free?", policy=ANY, claimed_by=SAM))
    assert heading(page_of(rina, key(page_of(rina, first), "j"))) == BEEN_THROUGH


def test_a_question_that_closes_says_so_and_one_further_on_is_passed_over(rina: Client) -> None:
    three()
    first = page_of(rina, enter(rina))
    second = key(first, "j")
    tell(answered(ask("int_2", message="Number 2?"), LEE, 1))
    page = page_of(rina, second)
    assert heading(page) == "Number 2?"
    assert 'id="outcome"' in page
    assert "Next <kbd" in page
    assert "Skip <kbd" not in page
    first = page_of(rina, key(page, "k"))
    assert heading(page_of(rina, key(first, "j"))) == "Number 1?"


def test_the_bar_is_renewed_by_itself(rina: Client) -> None:
    three()
    first = enter(rina)
    tell(answered(ask("int_2", message="Number 2?"), LEE, 1), ask("int_4"))
    bar = page_of(rina, first, headers=part("focus-place"))
    assert "Number" not in bar
    assert place(bar) == "1 of 3 · 1 new"
    assert "item=int_1" in key(bar, "j")


def test_at_the_end_it_says_what_was_skipped_and_what_is_new(rina: Client) -> None:
    three()
    page = page_of(rina, enter(rina))
    for _ in range(3):
        page = page_of(rina, key(page, "j"))
    assert heading(page) == BEEN_THROUGH
    assert "3 questions that you skipped are still open." in page
    assert "Show these questions" in page
    tell(ask("int_4", message="Number 4?", expires_at=soon(minutes=5)))
    end = page_of(rina, key(page_of(rina, key(page, "k")), "j"))
    assert "1 new question has arrived." in end
    again = key(end, "j").removeprefix("/inbox/focus/")
    page_again = page_of(rina, enter(rina, again))
    assert (heading(page_again), place(page_again)) == ("Number 4?", "1 of 4")
    assert heading(page_of(rina, key(page, "k"))) == "Number 1?"


def test_at_the_end_one_question_is_spoken_of_in_the_singular(rina: Client) -> None:
    tell(ask("int_1"))
    page = page_of(rina, key(page_of(rina, enter(rina)), "j"))
    assert "1 question that you skipped is still open." in page
    assert "Show this question" in page


@pytest.mark.usefixtures("midday")
def test_nothing_left_is_inbox_zero(rina: Client) -> None:
    page = page_of(rina, "/inbox/focus/")
    assert heading(page) == NONE_LEFT
    three()
    last = enter(rina)
    tell(*(answered(ask(f"int_{n}"), RINA, 1) for n in (1, 2, 3)))
    page = page_of(rina, key(page_of(rina, last), "j"))
    assert heading(page) == NONE_LEFT
    assert "today" not in page
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    Recipient.objects.update(answered_at=now, closed_at=now)
    Recipient.objects.filter(interaction__mobius_id="int_1").update(answered_at=yesterday)
    page = page_of(rina, "/inbox/focus/")
    assert heading(page) == NONE_LEFT
    assert "You&#x27;ve answered 2 questions today." in page
    assert heading(page_of(rina, "/inbox/focus/?type=review")) == "No matching questions are left"


def test_more_than_it_goes_through_at_a_time_is_said(rina: Client) -> None:
    tell(*(ask(f"int_{n:03}") for n in range(201)))
    assert place(page_of(rina, enter(rina))) == "1 of 200+"


def test_the_rights_are_checked_again_on_each_step(rina: Client, sam: Client) -> None:
    three()
    first = enter(rina)
    assert sam.get(first).status_code == 404
    assert "Number" not in sam.get(first).content.decode()
    Recipient.objects.filter(interaction__mobius_id="int_3").delete()
    answer = rina.get(first)
    assert answer.status_code == 404
    page = " ".join(answer.content.decode().split())
    assert "Question not found" in page
    assert heading(page_of(rina, key(page, "j"))) == "Number 2?"
    assert Client().get(first).status_code == 302


@pytest.mark.parametrize("order", ["x", "999999999999999999999.1", "1.1.1", "." * 5000, "9" * 400])
def test_an_order_that_makes_no_sense_leads_to_the_end(rina: Client, order: str) -> None:
    three()
    page = page_of(rina, f"/inbox/focus/?order={order}")
    assert heading(page) == BEEN_THROUGH


@pytest.mark.parametrize("answered_before", [False, True])
def test_an_address_without_an_order_shows_its_own_question(
    rina: Client, answered_before: bool
) -> None:
    three()
    if answered_before:
        tell(answered(ask("int_1", message="Number 1?"), "user_rina", 2))
    address = enter(rina, "?item=int_1")
    assert "order=" in address
    page = page_of(rina, address)
    assert heading(page) == "Number 1?"
    assert place(page) == ("" if answered_before else "3 of 3")


def test_an_address_without_an_order_leads_to_no_other_question_than_its_own(
    rina: Client,
) -> None:
    three()
    missing = rina.get(enter(rina, "?item=unknown"))
    assert missing.status_code == 404
    assert "Question not found" in missing.content.decode()


def test_the_forms_of_the_question_come_back_to_focus_mode(rina: Client) -> None:
    tell(group_ask(policy=ANY))
    first = enter(rina)
    page = page_of(rina, first)
    listed = re.search(r'name="list" value="([^"]*)"', page)
    assert listed is not None
    query = listed[1].replace("&amp;", "&")
    assert query.startswith("order=")
    wrong = rina.post("/interactions/int_1/respond", {"value": "", "list": query})
    assert wrong.status_code == 422
    assert place(" ".join(wrong.content.decode().split())) == "1 of 1"
    kept = rina.post("/interactions/int_1/draft", {"comment": "x", "back": "1", "list": query})
    assert kept["Location"] == first
