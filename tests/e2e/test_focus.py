import re
from threading import Event

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, GUARD_MS, approve, intercept, stop_clock, wait_for_paint
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

COUNT = """(id) => {
  window.asked = 0;
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement?.id === id) window.asked++;
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.sourceElement?.id === id) document.dispatchEvent(new Event("fetched"));
  });
}"""
"""Counts in ``asked`` how often that element is fetched."""

CHANGE = """(name) => {
  const before = window.asked;
  const fetched = new Promise((done) => {
    document.addEventListener("fetched", () => done(), { once: true });
  });
  document.body.dispatchEvent(new CustomEvent(name, { detail: { changed: [] } }));
  return window.asked > before ? fetched : null;
}"""
"""Says that the list has changed, and waits for what is fetched at once."""


def several(page: Page, api: httpx.Client, word: str, number: int) -> list[str]:
    runs = [ask(api, f"{word}, {n}?", timeout=f"{20 + n}m") for n in range(1, number + 1)]
    expect(arrived(page, f"{word}, {number}?")).to_be_visible()
    page.goto(f"/inbox/?q={word.replace(' ', '+')}")
    return runs


def close(api: httpx.Client, run_id: str) -> None:
    item = interaction_of(api, run_id)
    api.post(f"/interactions/{item['id']}/respond", json={"value": True}).raise_for_status()


def test_the_keyboard_is_enough(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    runs = several(page, api, "Keyed", 3)
    question, place = page.locator("#question"), page.locator("#focus-words")
    page.keyboard.press("f")
    expect(question).to_have_text("Keyed, 1?")
    expect(place).to_have_text("1 of 3")
    expect(page.locator(".list, .rail")).to_have_count(0)
    page.wait_for_load_state()
    page.keyboard.press("j")
    expect(question).to_have_text("Keyed, 2?")
    expect(question).to_be_focused()
    page.keyboard.press("k")
    expect(question).to_have_text("Keyed, 1?")
    expect(question).to_be_focused()
    page.go_back()
    expect(question).to_have_text("Keyed, 2?")
    expect(place).to_have_text("2 of 3")
    page.reload()
    wait_for_paint(page)

    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("a")
    expect(page.locator(ARMED)).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(question).to_have_text("Keyed, 3?")
    expect(page.locator("#toasts")).to_contain_text("Approved")
    expect(question).to_be_focused()
    page.wait_for_timeout(GUARD_MS + 50)
    page.keyboard.press("j")
    expect(page.get_by_text("2 questions that you skipped are still open.")).to_be_visible()
    page.keyboard.press("j")
    expect(question).to_have_text("Keyed, 1?")
    expect(place).to_have_text("1 of 2")
    page.wait_for_load_state()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"/inbox/\?q=Keyed$"))
    assert [interaction_of(api, run)["status"] for run in runs] == [
        "pending",
        "completed",
        "pending",
    ]


def test_questions_that_close_or_arrive_are_reported_and_move_nothing(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = several(page, api, "Hedgehog", 3)
    page.get_by_role("link", name="Focus mode").click()
    question, place = page.locator("#question"), page.locator("#focus-words")
    expect(place).to_have_text("1 of 3")
    ask(api, "Hedgehog, 0?", timeout="5m")
    expect(place).to_have_text("1 of 3 · 1 new")
    close(api, runs[1])
    close(api, runs[0])
    expect(page.locator("#outcome")).to_contain_text("answered this")
    expect(question).to_have_text("Hedgehog, 1?")
    page.get_by_role("link", name="Next", exact=True).click()
    expect(question).to_have_text("Hedgehog, 3?")
    expect(place).to_have_text("3 of 3 · 1 new")
    approve(page)
    expect(page.get_by_text("1 new question has arrived.")).to_be_visible()
    expect(page.get_by_role("heading")).to_be_focused()


def test_a_question_that_arrives_where_nothing_was_left_opens(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    page.goto("/inbox/focus/?q=dormouse")
    expect(page.get_by_role("heading")).to_have_text("No matching questions are left")
    run_id = ask(api, "Dormouse, awake?")
    expect(page.locator("#question")).to_have_text("Dormouse, awake?")
    close(api, run_id)


@pytest.mark.parametrize(
    ("element", "shown"),
    [("focus-place", "1 of 1 · 1 new"), ("detail", "1 new question has arrived.")],
    ids=["question", "end"],
)
def test_many_changes_are_fetched_about_once_a_second(
    sign_in: SignIn, api: httpx.Client, element: str, shown: str
) -> None:
    page = sign_in("rina")
    page.clock.install()
    word = f"Stormy {element}"
    several(page, api, word, 1)
    page.goto(f"/inbox/focus/?q={word.replace(' ', '+')}")
    if element == "detail":
        page.goto(page.get_by_role("link", name="Skip", exact=True).get_attribute("href") or "")
        expect(page.get_by_text("1 question that you skipped is still open.")).to_be_visible()
    stop_clock(page)
    page.evaluate(COUNT, element)
    for _ in range(15):
        for kind in ("inbox", "questions"):
            page.evaluate(CHANGE, kind)
            page.clock.run_for(100)
    assert 1 <= page.evaluate("asked") <= 5
    page.clock.resume()
    ask(api, f"{word}, new?", timeout="5m")
    expect(page.get_by_text(shown)).to_be_visible()


def test_a_question_that_was_skipped_takes_no_answer_until_the_next_one_is_there(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = several(page, api, "Left behind", 2)
    leaving = Event()
    held = intercept(page, re.compile("/inbox/focus/"), where=lambda _request: leaving.is_set())
    page.keyboard.press("f")
    expect(page.locator("#question")).to_have_text("Left behind, 1?")
    page.wait_for_load_state()
    page.wait_for_timeout(GUARD_MS)
    leaving.set()
    with page.expect_request(re.compile("/inbox/focus/")):
        page.keyboard.press("j")
    page.keyboard.press("a")
    page.locator("#answer").get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(ARMED)).to_have_count(0)
    leaving.clear()
    held.first().continue_()
    expect(page.locator("#question")).to_have_text("Left behind, 2?")
    assert [interaction_of(api, run)["status"] for run in runs] == ["pending", "pending"]
