"""What a row gets once it is pointed at."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.product import ask

pytestmark = pytest.mark.browser


def test_the_buttons_of_a_row_stay_under_the_pointer_and_belong_to_the_list_as_it_is(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Nodding, slowly?")
    ask(api, "Nodding, quickly?")
    expect(arrived(page, "Nodding, quickly?")).to_be_visible()
    page.goto("/inbox/?q=nodding")
    entry = page.locator(".row-with", has_text="Nodding, slowly?")
    snooze = entry.get_by_role("link", name="Snooze: Nodding, slowly?", exact=True)
    expect(snooze).to_have_count(0)
    entry.hover()
    expect(snooze).to_have_attribute("href", re.compile(r"/snooze\?q=nodding&back=inbox$"))
    link = snooze.element_handle()
    page.get_by_role("searchbox").fill("nodding slowly")
    expect(page.locator(".row-with")).to_have_count(1)
    expect(snooze).to_have_attribute("href", re.compile(r"/snooze\?q=nodding\+slowly&back=inbox$"))
    assert snooze.evaluate("(link, before) => link === before", link)


def test_a_title_that_is_cut_is_shown_whole(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    whole = "Cut after two lines? " + "It goes on for as long as it has to. " * 5
    ask(api, whole)
    arrived(page, "Cut after two lines?").hover()
    cut = page.locator(".row-title", has_text="Cut after two lines?")
    expect(cut).to_have_attribute("title", whole.strip())
