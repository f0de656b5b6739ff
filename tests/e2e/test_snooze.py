import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignIn
from tests.e2e.test_focus import several
from tests.support.pages import put_off, stop_clock
from tests.support.product import interaction_of

pytestmark = pytest.mark.browser


def choose_time(page: Page) -> None:
    """In a few minutes, by the dialog's field. The toast stays, since the pointer is on it."""
    dialog = page.locator("#snooze")
    field = dialog.get_by_label("Date and time")
    field.evaluate("(field) => { field.value = field.min; field.stepUp(5); }")
    dialog.get_by_role("button", name="Snooze", exact=True).click()
    page.locator("[data-toast]").hover()


def test_a_row_is_put_off_by_keys_and_brought_back_by_one(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    several(page, api, "Dozing", 3)
    rows = page.locator(".list .row-title")
    page.keyboard.press("j")
    question, dialog = page.locator("#question"), page.locator("#snooze")
    expect(question).to_have_text("Dozing, 1?")
    page.keyboard.press("h")
    expect(dialog.get_by_role("heading")).to_have_text("Snooze")
    expect(dialog.get_by_text("Expires")).to_be_visible()
    # What is typed on by mistake presses nothing.
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.locator(".row", has_text="Dozing, 1?")).to_be_focused()

    page.keyboard.press("h")
    choose_time(page)
    expect(rows).to_have_text(["Dozing, 2?", "Dozing, 3?"])
    expect(question).to_have_text("Dozing, 2?")
    expect(page.locator("#toasts")).to_contain_text(re.compile(r"Snoozed until \d\d:\d\d"))
    expect(page.locator(".row", has_text="Dozing, 2?")).to_be_focused()
    page.keyboard.press("z")
    expect(rows).to_have_text(["Dozing, 1?", "Dozing, 2?", "Dozing, 3?"])
    expect(question).to_have_text("Dozing, 1?")
    expect(page.locator("#toasts")).to_contain_text("Back in your inbox")
    expect(page.locator(".row", has_text="Dozing, 2?")).not_to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".row", has_text="Dozing, 2?")).to_be_focused()


def test_snoozing_another_row_leaves_the_open_question_alone(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    several(page, api, "Napping", 2)
    rows = page.locator(".list .row-title")
    page.locator(".row", has_text="Napping, 1?").click()
    question = page.locator("#question")
    expect(question).to_have_text("Napping, 1?")
    page.locator(".row", has_text="Napping, 2?").focus()
    page.keyboard.press("h")
    choose_time(page)
    expect(rows).to_have_text(["Napping, 1?"])
    expect(question).to_have_text("Napping, 1?")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(rows).to_have_text(["Napping, 1?", "Napping, 2?"])
    expect(question).to_have_text("Napping, 1?")


def test_the_number_beside_a_saved_view_follows_a_snooze(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = several(page, api, "Drowsing", 2)
    page.goto("/views/new/?q=drowsing")
    page.get_by_label("Name").fill("Drowsy")
    page.get_by_role("button", name="Save", exact=True).click()
    number = page.locator(".rail").get_by_role("link", name="Drowsy").locator(".count")
    expect(number).to_contain_text("2")
    page.clock.install()
    stop_clock(page)
    # Whatever happened just before.
    with page.expect_response("**/views/counts/"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('inbox'))")
    put_off(page, interaction_of(api, runs[1])["id"], minutes=5)
    expect(page.locator(".list .row-title")).to_have_text(["Drowsing, 1?"])
    page.clock.run_for(1000)
    expect(number).to_contain_text("1")


def test_a_question_that_returns_waits_behind_the_bar_and_comes_back_at_the_top(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    runs = several(page, api, "Resting", 2)
    rows, bar = page.locator(".list .row-title"), page.locator("#show-arrivals")
    put_off(page, interaction_of(api, runs[1])["id"], seconds=8)
    expect(rows).to_have_text(["Resting, 1?"])
    expect(bar).to_have_text(re.compile("1 new"))
    expect(rows).to_have_text(["Resting, 1?"])
    bar.click()
    expect(rows).to_have_text(["Resting, 2?", "Resting, 1?"])
    expect(page.get_by_role("heading", name="Back from snooze")).to_be_visible()
