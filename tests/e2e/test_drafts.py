"""The same question on two devices: no text is overwritten."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import press
from tests.support.product import ask, interaction_of

pytestmark = pytest.mark.browser


def open_item(page: Page, message: str) -> None:
    arrived(page, message).click()
    expect(page.get_by_role("heading", name=message)).to_be_visible()


def write(page: Page, text: str) -> None:
    with page.expect_response(re.compile("/draft$")):
        page.locator("#answer-value").fill(text)


def test_two_devices_keep_both_texts_until_one_is_sent(sign_in: SignIn, api: httpx.Client) -> None:
    desk, phone = sign_in("rina"), sign_in("rina")
    run_id = ask(
        api, "Typed on two devices?", type="input", spec={"mode": "input", "multiline": True}
    )
    for page in (desk, phone):
        open_item(page, "Typed on two devices?")
    write(desk, "From the desk")
    write(phone, "From the phone")
    other = phone.locator("#other-drafts")
    expect(other).to_contain_text(re.compile(r"Draft from another device, \d\d:\d\d"))
    expect(other).to_contain_text("From the desk")
    write(desk, "From the desk, and more")
    expect(desk.locator("#other-drafts")).to_contain_text("From the phone")

    phone.locator("#answer-value").fill("From the phone, to the end")
    phone.get_by_role("button", name="Use this draft").click()
    expect(phone.locator("#answer-value")).to_have_value(re.compile("^From the desk"))
    expect(other).to_contain_text("From the phone, to the end")
    expect(other).to_contain_text("Another draft from this device")

    press(phone.get_by_role("button", name="Send answer"))
    expect(phone.locator(".row", has_text="Typed on two devices?")).to_have_count(0)
    item = interaction_of(api, run_id)
    assert item["response"]["value"].startswith("From the desk")


def test_a_refresh_does_not_lend_the_page_a_version_it_does_not_show(
    sign_in: SignIn, api: httpx.Client
) -> None:
    desk, phone = sign_in("rina"), sign_in("rina")
    ask(api, "Refreshed in between?", type="input", spec={"mode": "input", "multiline": True})
    open_item(desk, "Refreshed in between?")
    write(desk, "Both have this")
    open_item(phone, "Refreshed in between?")
    expect(phone.locator("#answer-value")).to_have_value("Both have this")
    write(desk, "Both have this. Only the desk has that")
    with phone.expect_response(re.compile(r"/interactions/.*operation_id")):
        phone.evaluate("document.body.dispatchEvent(new CustomEvent('item'))")
    expect(phone.locator("#other-drafts")).to_contain_text("Only the desk has that")
    write(phone, "Both have this. The phone goes on")
    expect(phone.locator("#other-drafts")).to_contain_text("Only the desk has that")
    desk.reload()
    expect(desk.locator("body")).to_contain_text("The phone goes on")
    expect(desk.locator("body")).to_contain_text("Only the desk has that")
