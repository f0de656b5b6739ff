"""Inserting a comment template, and reading similar decisions."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import open_item
from tests.e2e.conftest import SignIn
from tests.support.pages import ANSWER_GUARD_MS, intercept
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
    items = menu.get_by_role("menuitem")
    expect(items.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).not_to_be_visible()
    expect(comment).to_be_focused()

    page.get_by_role("link", name="Templates").click()
    expect(items.first).to_be_focused()
    while "Zebra two." not in menu.locator(":focus").inner_text():
        page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    expect(menu.locator(":focus")).to_contain_text("Zebra two.")
    expect(page.locator("#answer [data-step]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(comment).to_have_value("Before Zebra two. after")
    expect(comment).to_be_focused()
    expect(page.locator("#answer [data-step]")).to_have_count(0)
    assert interaction_of(api, run)["status"] == "pending"
    expect(page.get_by_role("heading", name="Similar decisions")).to_be_visible()


def test_templates_that_come_late_leave_someone_who_types_alone(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Templated too late?")
    open_item(page, "Templated too late?")
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
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
    page.wait_for_timeout(ANSWER_GUARD_MS + 20)
    page.keyboard.press("2")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    page.keyboard.press("t")
    expect(page.locator("#comment-templates :focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("radio", name="Choice 1")).to_be_focused()
    expect(page.get_by_role("radio", name="Choice 1")).to_be_checked()
