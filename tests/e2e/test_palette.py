import re

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.arrivals import arrived, open_item
from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, GUARD_MS, intercept
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser


def open_palette(page: Page) -> Locator:
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    expect(palette.locator("[aria-selected=true]")).to_be_visible()
    return palette


_NAMED = """(name) => {
  const { id, textContent } = document.querySelector("#palette [aria-selected=true]") ?? {};
  const named = document.getElementById("palette-input").getAttribute("aria-activedescendant");
  return id && id === named && textContent.includes(name);
}"""


def chosen(palette: Locator, name: str) -> Locator:
    palette.page.wait_for_function(_NAMED, arg=name)
    return palette.locator("[role=option][aria-selected=true]", has_text=name)


def test_it_opens_while_typing_and_the_text_and_the_focus_stay(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Typed under the palette?")
    open_item(page, "Typed under the palette?")
    comment = page.get_by_label("Comment")
    comment.fill("Half a sentence")
    palette = open_palette(page)
    page.keyboard.type("zzz")
    expect(palette.get_by_role("status")).to_have_text("Nothing found")
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(comment).to_be_focused()
    page.keyboard.type(", and the rest")
    expect(comment).to_have_value("Half a sentence, and the rest")
    open_palette(page)
    page.keyboard.press("Control+k")
    expect(palette).to_be_hidden()
    expect(comment).to_be_focused()


def test_without_a_keyboard_a_button_closes_it(sign_in: SignIn) -> None:
    page = sign_in("rina", viewport={"width": 390, "height": 844}, has_touch=True)
    page.locator(".bar [data-opens=palette]").tap()
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette.locator("[aria-selected=true]")).to_be_visible()
    palette.get_by_role("button", name="Close").tap()
    expect(palette).to_be_hidden()
    expect(page).to_have_url(re.compile("/inbox/$"))


def test_enter_on_the_button_that_closes_it_chooses_nothing(sign_in: SignIn) -> None:
    page = sign_in("rina")
    palette = open_palette(page)
    palette.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(palette).to_be_hidden()
    expect(page).to_have_url(re.compile("/inbox/$"))


def test_pages_are_matched_by_their_letters_and_opened_by_enter(sign_in: SignIn) -> None:
    page = sign_in("tess", password="demo")
    palette = open_palette(page)
    page.keyboard.type("dcsn")
    expect(chosen(palette, "Decisions")).to_be_visible()
    expect(palette.get_by_role("option", name="Insights")).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/decisions/")
    palette = open_palette(page)
    page.keyboard.type("go to runs")
    expect(chosen(palette, "Runs")).to_be_visible()
    palette.get_by_role("combobox").fill("shortcuts")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    expect(chosen(palette, "Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(palette).to_be_hidden()


def test_the_buttons_of_a_page_are_actions_and_each_is_listed_once(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("tess")
    run_id = ask(api, "Listed by the palette?", target={"type": "user", "id": "user_tess"})
    expect(arrived(page, "Listed by the palette?")).to_be_visible()
    page.goto(f"/runs/{run_id}/")
    palette = open_palette(page)
    for name in ("Send signal", "Cancel run", "Copy link"):
        expect(palette.get_by_role("option", name=name)).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/inbox/")
    open_item(page, "Listed by the palette?")
    page.locator(".row[aria-current]").focus()
    palette = open_palette(page)
    page.keyboard.type("snooze")
    expect(palette.get_by_role("option", name="Snooze")).to_have_count(1)
    api.post(f"/runs/{run_id}/cancellations")


def test_what_is_called_so_comes_before_what_only_has_the_letters(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("tess")
    ask(api, "Catkins to the depot?")
    page.goto("/runs/blocked/?q=catkins")
    expect(page.locator("main")).to_contain_text("Catkins to the depot?")
    palette = open_palette(page)
    page.keyboard.type("lee")
    expect(palette.get_by_role("option", name="Claimed by me")).to_be_hidden()
    expect(chosen(palette, "Lee")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("cat")
    expect(chosen(palette, "Catkins to the depot?")).to_be_visible()
    expect(palette.get_by_role("option", name="Comment templates")).to_be_hidden()


def test_matching_actions_come_before_questions(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("tess")
    ask(api, "Shortcuts for the keyboard team?")
    page.goto("/runs/blocked/?q=shortcuts")
    expect(page.locator("main")).to_contain_text("Shortcuts for the keyboard team?")
    palette = open_palette(page)
    page.keyboard.type("kbd short")
    expect(chosen(palette, "Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("shortcuts")
    question = palette.get_by_role("option", name="Shortcuts for the keyboard team?")
    expect(question).to_be_visible()
    expect(chosen(palette, "Keyboard shortcuts")).to_be_visible()


def test_what_is_spelled_right_comes_before_what_is_nearly_called_so(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Marked as unread?")
    open_item(page, "Marked as unread?")
    palette = open_palette(page)
    page.keyboard.type("dark")
    expect(chosen(palette, "Dark theme")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("nark as unread")
    expect(chosen(palette, "Mark as unread")).to_be_visible()


@pytest.mark.parametrize("typed", ["decosions", "decisons", "deciisons", "decissions"])
def test_one_mistyped_letter_still_finds_an_action(sign_in: SignIn, typed: str) -> None:
    page = sign_in("tess")
    palette = open_palette(page)
    page.keyboard.type(typed)
    expect(chosen(palette, "Decisions")).to_be_visible()


def test_it_changes_the_theme(sign_in: SignIn) -> None:
    page = sign_in("sam")
    page.goto("/account/")
    open_palette(page)
    page.keyboard.type("dark theme")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Dark")).to_be_checked()
    page.goto("/inbox/")
    root = page.locator("html")
    for theme in ("light", "dark", "system"):
        palette = open_palette(page)
        page.keyboard.type(f"theme {theme}")
        expect(chosen(palette, f"{theme.title()} theme")).to_be_visible()
        with page.expect_response("**/account/look") as saved:
            page.keyboard.press("Enter")
        assert saved.value.status == 204
        expect(root).to_have_attribute("data-theme", theme)


def test_what_is_typed_before_the_script_has_come_is_matched_too(sign_in: SignIn) -> None:
    page = sign_in("tess")
    held = intercept(page, re.compile(r"/js/palette\."))
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Command palette")
    expect(palette.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("sa")
    expect(palette.locator("#palette-found")).to_contain_text("Sam")
    held.first().continue_()
    expect(palette.locator("[aria-selected=true]")).to_be_visible()
    expect(palette.get_by_role("option", name="Search questions")).to_be_hidden()


def test_the_server_is_asked_only_for_what_is_typed(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Found by the palette, Brightwater?")
    expect(arrived(page, "Found by the palette, Brightwater?")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    palette = open_palette(page)
    expect(palette.get_by_role("status")).to_have_text(re.compile(r"^\d+ results$"))
    assert [url for url in asked if "/search/" in url] == []
    page.keyboard.type("palette bright")
    question = palette.get_by_role("option", name="Found by the palette, Brightwater?")
    expect(question).to_be_visible()
    href = str(question.get_attribute("href"))
    expect(chosen(palette, "Found by the palette")).to_have_attribute("href", href)
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/interactions/{interaction_of(api, run_id)['id']}/"))


def test_an_action_that_decides_goes_through_the_guard(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Approved from the palette?")
    open_item(page, "Approved from the palette?")
    page.wait_for_timeout(GUARD_MS + 20)
    palette = open_palette(page)
    page.keyboard.type("approve")
    expect(chosen(palette, "Approve")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(ARMED)).to_be_focused()
    assert interaction_of(api, run_id)["status"] == "pending"
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Approved")
    assert interaction_of(api, run_id)["status"] == "completed"


def test_a_typed_answer_is_asked_about_too(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    run_id = ask(api, "Sent from the palette?", type="input", spec={"mode": "input"})
    open_item(page, "Sent from the palette?")
    page.get_by_role("textbox", name="Your answer").fill("Yes, by all means")
    page.wait_for_timeout(GUARD_MS + 20)
    palette = open_palette(page)
    page.keyboard.type("send answer")
    expect(chosen(palette, "Send answer")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(ARMED)).to_have_accessible_name(
        "Send your answer to “Sent from the palette”?"
    )
    assert interaction_of(api, run_id)["status"] == "pending"


def test_when_the_search_fails_pages_and_actions_still_work(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.route("**/search/?*", lambda route: route.fulfill(status=409))
    palette = open_palette(page)
    page.keyboard.type("done")
    expect(palette.get_by_role("status")).to_contain_text("isn't available right now")
    expect(chosen(palette, "Done")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("scope=done"))


def test_without_scripts_search_is_a_page(sign_in: SignIn) -> None:
    page = sign_in("rina", java_script_enabled=False)
    page.locator(".rail").get_by_role("link", name="Search").click()
    page.get_by_role("searchbox").fill("refund")
    page.keyboard.press("Enter")
    results = page.get_by_role("region", name="Questions")
    expect(results.get_by_role("link").first).to_be_visible()
