import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import intercept
from tests.support.product import ask

pytestmark = pytest.mark.browser

GROUP = {"type": "group", "id": "approvers"}


def found(page: Page, rows: int, words: str) -> None:
    expect(page.locator("#inbox-list .row")).to_have_count(rows)
    expect(page.locator("#list-found")).to_have_text(words)


def test_results_follow_the_typing_and_the_field_keeps_the_focus(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    context = {"vendorName": "Überlingen Okapis GmbH"}
    ask(api, "Feed the okapis?", target=GROUP)
    ask(api, "Wash the animals?", target=GROUP, context=context)
    expect(arrived(page, "Wash the animals?")).to_be_visible()
    page.goto("/inbox/")
    entries = page.evaluate("history.length")
    field = page.get_by_label("Search questions")
    status = page.get_by_role("status").filter(has_text="found")

    page.keyboard.press("/")
    page.keyboard.type("OKAP")
    found(page, 2, "2 found")
    expect(status).to_have_count(1)
    expect(page.locator(".row-found mark")).to_have_text(["Okapis"])
    page.keyboard.type("i uberl")
    found(page, 1, "1 found")
    expect(page.locator(".row-found")).to_have_text("Vendor name: Überlingen Okapis GmbH")
    expect(field).to_be_focused()
    expect(field).to_have_value("OKAPi uberl")
    expect(page).to_have_url(re.compile(r"\?q=OKAPi(\+|%20)uberl$"))

    # What arrives meanwhile waits behind the bar.
    ask(api, "Count the okapis of Überlingen?", target=GROUP)
    expect(page.locator("#arrivals")).to_contain_text("1 new")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(status).to_have_count(0)
    expect(page).to_have_url(re.compile("/inbox/$"))
    assert page.evaluate("history.length") == entries
    # The keys of the list work at once.
    page.keyboard.press("j")
    expect(page.locator(".row:focus")).to_have_count(1)


def test_results_are_for_what_was_typed_last_and_take_nothing_from_it(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Groom the wombat?", target=GROUP)
    ask(api, "Groom the wallaby?", target=GROUP)
    expect(arrived(page, "Groom the wallaby?")).to_be_visible()
    page.goto("/inbox/")
    held = intercept(page, re.compile(r"\?q=groom$"))
    field = page.get_by_label("Search questions")
    field.click()
    with page.expect_request(re.compile(r"\?q=groom$")):
        page.keyboard.type("groom")
    # Neither has been answered when more is typed.
    with page.expect_request(re.compile(r"\?q=groom(\+|%20)w$")):
        page.keyboard.type(" w")
    page.keyboard.type("om")
    held.first().continue_()
    found(page, 1, "1 found")
    expect(field).to_have_value("groom wom")
    expect(field).to_be_focused()
