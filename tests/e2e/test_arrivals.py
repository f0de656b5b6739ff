import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Response, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import (
    approve,
    layout_shifts,
    press,
    put_off,
    stop_clock,
    watch_layout_shifts,
)
from tests.support.product import Product, ask, question

pytestmark = pytest.mark.browser

WORDS = count(1)
SOONEST = {"context": {"due_at": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()}}
LEE = {"type": "user", "id": "user_lee"}
"""Most other tests ask Rina, and with her hundredth open question the filters of her list move."""


def asked(api: httpx.Client, message: str, **fields: Any) -> str:
    made = api.post("/interactions", json=question(message, **{"target": LEE, **fields}))
    return str(made.raise_for_status().json()["id"])


def answer(api: httpx.Client, id_: str) -> None:
    api.post(f"/interactions/{id_}/respond", json={"value": True}).raise_for_status()


def titles(page: Page) -> list[str]:
    return page.locator(".row .row-title").all_inner_texts()


@pytest.fixture
def two(sign_in: SignIn, api: httpx.Client) -> Iterator[tuple[Page, str, list[str]]]:
    word = f"arrival{next(WORDS)}"
    ids = [asked(api, f"{word} {number}?") for number in (1, 2)]
    page = sign_in("lee")
    for number in (1, 2):
        arrived(page, f"{word} {number}?")
    page.goto(f"/inbox/?q={word}")
    expect(page.locator(".row")).to_have_count(2)
    watch_layout_shifts(page)
    yield page, word, ids
    for id_ in ids:
        api.post(f"/interactions/{id_}/respond", json={"value": True})


def test_new_questions_wait_behind_the_bar_and_move_nothing(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, ids = two
    answers: list[Response] = []

    def note(response: Response) -> None:
        answers.append(response)

    page.on("response", note)
    ids.append(asked(api, f"{word} 3?", **SOONEST))
    third = ids[-1]
    bar = page.locator("#show-arrivals")
    expect(bar).to_have_text("1 new")
    ids.append(asked(api, f"{word} 4?", **SOONEST))
    expect(bar).to_have_text("2 new")
    assert titles(page) == [f"{word} 1?", f"{word} 2?"]
    assert layout_shifts(page, "main") == []
    told = next(one for one in answers if f"changed={third}" in one.url)
    assert len(told.body()) < 3000
    assert [one.url for one in answers if f"{page.url.partition('?')[0]}?" in one.url] == []
    answer(api, ids.pop())
    expect(bar).to_have_text("1 new")
    page.locator(".row").first.click()
    expect(page.locator(".place")).to_contain_text("of 3")
    # New rows are marked for a moment only.
    page.clock.install()
    stop_clock(page)
    page.keyboard.press("n")
    expect(page.locator(".row", has_text=f"{word} 3?")).to_have_attribute("data-new", "")
    expect(page.locator(".row[data-new]")).to_have_count(1)
    expect(page.locator(".row[data-new] .row-new")).to_have_text("New")
    expect(page.locator(".row[aria-current]")).to_be_focused()
    assert "1?" in page.locator(".row[aria-current]").inner_text()
    assert sorted(titles(page)) == [f"{word} 1?", f"{word} 2?", f"{word} 3?"]
    expect(bar).to_have_count(0)


def test_n_goes_from_an_open_question_to_the_next_one(
    two: tuple[Page, str, list[str]],
) -> None:
    page, word, _ids = two
    page.locator(".row").first.click()
    expect(page.locator("#question")).to_have_text(f"{word} 1?")
    page.keyboard.press("n")
    expect(page.locator("#question")).to_have_text(f"{word} 2?")
    expect(page.locator(".row[aria-current]")).to_contain_text(f"{word} 2?")


def test_a_row_that_leaves_hands_the_focus_on_and_an_empty_list_fills_by_itself(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, _ids = two
    first, second = page.locator(".row").all()
    expect(page.get_by_role("heading", name="Select a question")).to_be_visible()
    first_id = str(first.get_attribute("data-interaction-id"))
    second_id = str(second.get_attribute("data-interaction-id"))
    page.locator(f".row[data-interaction-id={first_id}]").focus()
    put_off(page, first_id, hours=1)
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(f".row[data-interaction-id={second_id}]")).to_be_focused()
    last = asked(api, f"{word} 5?")
    expect(page.locator("#show-arrivals")).to_have_text("1 new")
    answer(api, second_id)
    expect(page.locator(".row .row-title")).to_have_text([f"{word} 5?"])
    put_off(page, last, hours=1)
    expect(page.locator(".row")).to_have_count(0)
    expect(page.locator("#inbox-list")).to_contain_text("No matching questions")
    expect(page.get_by_role("heading", name="Select a question")).to_be_hidden()
    again = asked(api, f"{word} 6?")
    expect(page.locator(".row .row-title")).to_have_text([f"{word} 6?"])
    answer(api, again)
    answer(api, last)


def test_a_row_answered_elsewhere_stays_until_another_opens_and_one_answered_here_leaves(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, ids = two
    answer(api, ids[0])
    over = page.locator("[data-over]")
    expect(over).to_contain_text(f"{word} 1?")
    expect(over).to_contain_text("Approved")
    ids.append(asked(api, f"{word} 3?"))
    expect(page.locator("#show-arrivals")).to_have_text("1 new")
    page.locator(".row", has_text=f"{word} 2?").click()
    expect(over).to_have_count(0)
    assert titles(page) == [f"{word} 2?"]
    page.keyboard.press("n")
    expect(page.locator(".row")).to_have_count(2)
    approve(page)
    expect(page.locator(".row .row-title")).to_have_text([f"{word} 3?"])


def test_a_list_of_closed_questions_fills_by_itself(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, ids = two
    run = ask(api, f"{word} 3?", target=LEE, timeout="5m")
    expect(page.locator("#show-arrivals")).to_have_text("1 new")
    page.keyboard.press("n")
    expect(page.locator(".row")).to_have_count(3)
    for id_ in ids:
        put_off(page, id_, hours=1)
    expect(page.locator(".row .row-title")).to_have_text([f"{word} 3?"])
    api.post(f"/runs/{run}/cancellations").raise_for_status()
    expect(page.locator("[data-over]")).to_have_count(1)
    expect(page.locator("#band-count-hour")).to_have_text("")
    ids.append(asked(api, f"{word} 4?"))
    expect(page.locator(".row .row-title")).to_have_text([f"{word} 4?"])


def test_a_row_that_changes_stays_in_its_place_with_its_focus(
    sign_in: SignIn, api: httpx.Client, product: Product
) -> None:
    page, lee = sign_in("rina"), sign_in("lee")
    target = {"type": "group", "id": "approvers"}
    id_ = asked(api, "Whose arrival?", target=target)
    shown = arrived(page, "Whose arrival?")
    before = titles(page)
    shown.focus()
    lee.goto(f"/interactions/{id_}/")
    press(lee.locator("#detail").get_by_role("button", name="Claim"))
    expect(shown.get_by_role("img", name="Claimed by Lee")).to_be_visible()
    expect(shown).to_be_focused()
    # Questions of other tests may expire meanwhile.
    after = titles(page)
    assert "Whose arrival?" in after
    assert after == [title for title in before if title in after]


def test_a_crowd_spreads_its_fetches_and_one_page_asks_once_for_what_comes_together(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, _word, _ids = two
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    with page.expect_response(lambda answer: "changed=int_x&changed=int_y" in answer.url):
        page.evaluate(
            """() => {
              const say = (id) => {
                const data = JSON.stringify({ within: 500, changed: [id] });
                const detail = { message: { event: "inbox", data } };
                const options = { cancelable: true, detail };
                document.dispatchEvent(new CustomEvent("htmx:sse:before:message", options));
              };
              return [say("int_x"), say("int_y")];
            }"""
        )
    assert len([url for url in fetched if re.search("changed=int_[xy](&|$)", url)]) == 1


def test_the_question_after_an_answer_is_one_that_the_list_shows(
    two: tuple[Page, str, list[str]], api: httpx.Client
) -> None:
    page, word, ids = two
    last = page.locator(".row").last
    other = titles(page)[0]
    ids.append(asked(api, f"{word} 3?", **SOONEST))
    expect(page.locator("#show-arrivals")).to_have_text("1 new")
    last.click()
    approve(page)
    expect(page.locator("#question")).to_have_text(other)
    approve(page)
    expect(page.locator("#question")).to_have_text(f"{word} 3?")
