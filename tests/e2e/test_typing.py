"""Text that is typed without a field answers nothing; tests/js/ types a hundred more sentences."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.conftest import Choose, SignIn
from tests.support.pages import ARMED, GUARD_MS, intercept, stop_clock, wait_for_paint
from tests.support.product import answered, ask, interaction_of

pytestmark = pytest.mark.browser

SENTENCES = (
    "agenda ",
    "All fine, ok",
    "as an annual rate for an area ok",
    "auch in Ordnung",
    "der Betrag stimmt\nja",
    "alle Angaben geprüft",
)
GAP_MS = 230
HELD = "#held-answers .toast"


def ask_lee(api: httpx.Client, word: str, number: int, **fields: Any) -> list[str]:
    lee = {"type": "user", "id": "user_lee"}
    return [
        ask(api, f"{word}, {place}?", target=lee, timeout=f"{20 + place}m", **fields)
        for place in range(number)
    ]


def listed(page: Page, api: httpx.Client, word: str, number: int) -> list[str]:
    runs = ask_lee(api, word, number)
    arrived(page, f"{word}, {number - 1}?").wait_for()
    page.goto(f"/inbox/?q={word.replace(' ', '+')}")
    expect(page.locator("#freshness")).to_have_text("Live")
    open_item(page, f"{word}, 0?")
    page.wait_for_timeout(GUARD_MS + 20)
    return runs


def statuses(api: httpx.Client, runs: list[str]) -> list[str]:
    return [str(interaction_of(api, run)["status"]) for run in runs]


def begin(page: Page, place: str, word: str) -> None:
    address = f"?q={word.replace(' ', '+')}"
    page.evaluate("sessionStorage.clear()")
    page.goto(f"/inbox/focus/{address}" if place == "focus" else f"/inbox/{address}")
    wait_for_paint(page)
    row = page.locator(".row").first
    if place == "preview":
        page.keyboard.press("j")
    elif place != "focus":
        row.click()
    expect(page.locator("#question")).to_be_visible()
    page.wait_for_timeout(GUARD_MS + 20)
    if place == "step":
        page.keyboard.press("a")
        expect(page.locator(ARMED)).to_be_focused()
    stop_clock(page)


def type_out(page: Page, text: str) -> None:
    """Type in a steady rhythm by the page's clock, with the requests quicker than the hand."""
    for letter in text:
        if letter == "\n":
            page.keyboard.press("Enter")
        else:
            page.keyboard.type(letter)
        page.clock.run_for(GAP_MS)
        expect(page.locator(".htmx-request")).to_have_count(0)


@pytest.mark.parametrize(
    ("guard", "place"),
    [
        ("Ask first", "row"),
        ("Ask first", "step"),
        ("Send with undo", "preview"),
        ("Send with undo", "focus"),
    ],
)
def test_sentences_answer_nothing(
    sign_in: SignIn, undoing: Choose, api: httpx.Client, guard: str, place: str
) -> None:
    page = undoing() if guard == "Send with undo" else sign_in("lee")
    word = f"Sentences {guard} {place}"
    # Under both guards, such a question is asked about first.
    asks = {"context": {"confirm": "always"}} if place == "step" else {}
    runs = ask_lee(api, word, 4, **asks)
    arrived(page, f"{word}, 3?").wait_for()
    page.clock.install()
    for sentence in SENTENCES:
        begin(page, place, word)
        type_out(page, sentence)
        expect(page.locator(HELD)).to_have_count(0)
        assert statuses(api, runs) == ["pending"] * 4, sentence
        page.clock.resume()


def test_typing_takes_back_the_answers_of_its_letters_also_one_that_is_on_its_way(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing()
    runs = listed(page, api, "Taken for text", 3)
    title = page.locator("#question")
    page.keyboard.press("a")
    expect(title).to_have_text("Taken for text, 1?")
    page.wait_for_timeout(GUARD_MS + 20)
    sent = intercept(page, "**/respond")
    with page.expect_request("**/respond"):
        page.keyboard.press("r")
    page.keyboard.press("b")
    sent.first().continue_()
    expect(page.locator("#toasts")).to_contain_text(
        "That looked like typing, so your last 2 answers weren't sent."
    )
    expect(title).to_have_text("Taken for text, 0?")
    expect(page.locator(HELD)).to_have_count(0)
    assert statuses(api, runs) == ["pending"] * 3


def test_typing_on_another_page_takes_answers_back_and_names_one_that_had_been_sent(
    undoing: Choose, api: httpx.Client
) -> None:
    page = undoing(seconds=10)
    runs = listed(page, api, "Gone before", 3)
    page.keyboard.press("a")
    expect(page.locator("#question")).to_have_text("Gone before, 1?")
    answered(api, runs[0])
    page.keyboard.press("a")
    expect(page.locator("#question")).to_have_text("Gone before, 2?")
    page.goto("/account/")
    page.keyboard.press("b")
    expect(page.locator("#toasts")).to_contain_text(
        "That looked like typing, so your last answer wasn't sent. "
        "One had already been sent: “Gone before, 0?”."
    )
    expect(page.locator("#question")).to_have_text("Gone before, 1?")
    assert statuses(api, runs) == ["completed", "pending", "pending"]


def test_letters_that_claim_release_and_mark_as_unread_say_what_they_did(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    group = {"type": "group", "id": "approvers"}
    runs = [ask(api, f"Claimed by a letter, {place}?", target=group) for place in range(2)]
    arrived(page, "Claimed by a letter, 1?").wait_for()
    page.goto("/inbox/?q=claimed+by+a+letter")
    open_item(page, "Claimed by a letter, 0?")
    said = page.locator("#toasts")
    for key, words in (("c", "You claimed"), ("e", "You released"), ("u", "Marked as unread.")):
        page.wait_for_timeout(GUARD_MS + 20)
        page.keyboard.press(key)
        expect(said).to_contain_text(words)
    # On the marked row, if it is another question.
    marked = page.locator(".row", has_text="Claimed by a letter, 1?")
    marked.focus()
    page.keyboard.press("c")
    expect(marked.get_by_role("img", name="You")).to_be_visible()
    assert [interaction_of(api, run)["claimed_by"] for run in runs] == [None, "user_rina"]
