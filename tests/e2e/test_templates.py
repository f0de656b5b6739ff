import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ARMED, GUARD_MS, intercept
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser

# With the filters of the list that the question was opened from, if there are any.
TEMPLATES = re.compile(r"/templates(\?|$)")


def test_a_template_is_inserted_at_the_cursor_and_nothing_is_sent(
    sign_in: SignIn, api: httpx.Client
) -> None:
    tess, page = sign_in("tess"), sign_in("rina")
    tess.goto("/templates/")
    for text in ("Zebra one.", "Zebra two."):
        tess.get_by_label("Comment").fill(text)
        tess.get_by_role("button", name="Add", exact=True).click()
        expect(tess.locator(".said", has_text=text)).to_be_visible()
    run = ask(api, "Templated?")
    open_item(page, "Templated?")
    comment, menu = page.locator("#answer-comment"), page.locator("#comment-templates")
    comment.fill("Before after")
    comment.evaluate("(field) => field.setSelectionRange(6, 6)")
    page.get_by_role("link", name="Templates").click()
    expect(menu).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    expect(comment).to_be_focused()

    page.get_by_role("link", name="Templates").click()
    expect(menu).to_be_focused()
    page.keyboard.press("ArrowDown")
    while "Zebra two." not in menu.locator(":focus").inner_text():
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(comment).to_have_value("Before Zebra two. after")
    expect(comment).to_be_focused()
    assert interaction_of(api, run)["status"] == "pending"


def test_a_letter_closes_the_list_and_does_nothing_else(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    ask(api, "Accurate to me?")
    open_item(page, "Accurate to me?")
    page.wait_for_timeout(GUARD_MS + 20)
    menu = page.locator("#comment-templates")
    for letter in "am":
        page.keyboard.press("t")
        expect(menu).to_be_focused()
        page.keyboard.press(letter)
        expect(menu).to_be_hidden()
        expect(page.locator(ARMED)).to_have_count(0)
        expect(page.locator("#answer-comment")).not_to_be_focused()
    page.keyboard.type("accurate to me", delay=50)
    expect(page.locator("#answer-comment")).to_have_value(re.compile("^e?$"))


def test_templates_that_come_late_leave_someone_who_types_alone(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Templated too late?")
    open_item(page, "Templated too late?")
    page.wait_for_timeout(GUARD_MS + 20)
    held = intercept(page, TEMPLATES, once=True)
    with page.expect_request(TEMPLATES):
        page.get_by_role("link", name="Templates").click()
    comment = page.locator("#answer-comment")
    comment.fill("Typed by")
    with page.expect_response(TEMPLATES):
        held.first().continue_()
    page.keyboard.type(" hand")
    expect(comment).to_have_value("Typed by hand")
    expect(page.locator("#comment-templates")).to_be_hidden()


def test_its_key_works_after_an_option_was_chosen_by_key(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    options = [{"value": f"o{n}", "label": f"Choice {n}"} for n in range(3)]
    ask(api, "Chosen, then templated?", type="review", spec={"mode": "select", "options": options})
    open_item(page, "Chosen, then templated?")
    page.wait_for_timeout(GUARD_MS + 20)
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#comment-templates")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
