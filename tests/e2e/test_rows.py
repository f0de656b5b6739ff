"""What a row gets once it is pointed at."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.e2e.test_focus import several
from tests.support.product import ask

pytestmark = pytest.mark.browser


def test_the_buttons_of_a_row_stay_under_the_pointer_and_belong_to_the_list_as_it_is(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    several(page, api, "Nodding", 2)
    entry = page.locator(".row-with", has_text="Nodding, 1?")
    snooze = entry.get_by_role("link", name="Snooze: Nodding, 1?", exact=True)
    expect(snooze).to_have_count(0)
    entry.hover()
    expect(snooze).to_have_attribute("href", re.compile(r"/snooze\?q=Nodding&back=inbox$"))
    link = snooze.element_handle()
    page.get_by_role("searchbox").fill("nodding 1")
    expect(page.locator(".row-with")).to_have_count(1)
    expect(snooze).to_have_attribute("href", re.compile(r"/snooze\?q=nodding\+1&back=inbox$"))
    assert snooze.evaluate("(link, before) => link === before", link)


def test_a_title_that_is_cut_is_shown_whole(sign_in: SignIn, api: httpx.Client) -> None:
    page = sign_in("rina")
    whole = "Cut after two lines? " + "It goes on for as long as it has to. " * 5
    ask(api, whole)
    arrived(page, "Cut after two lines?").hover()
    cut = page.locator(".row-title", has_text="Cut after two lines?")
    expect(cut).to_have_attribute("title", whole.strip())
