import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.pages import intercept, layout_shifts, watch_layout_shifts
from tests.support.product import question

pytestmark = pytest.mark.browser


def test_the_filters_open_over_the_list_and_become_chips_and_a_view(
    sign_in: SignIn, api: httpx.Client
) -> None:
    due = (datetime.now(UTC) + timedelta(minutes=30)).isoformat()
    for message, context in (("sieved soon", {"due_at": due}), ("sieved whenever", {})):
        asked = api.post("/interactions", json=question(f"{message}?", context=context))
        asked.raise_for_status()
    page = sign_in("rina")
    arrived(page, "sieved soon?")
    arrived(page, "sieved whenever?")
    page.goto("/inbox/?q=sieved")
    rows = page.locator(".row .row-title")
    expect(rows).to_have_text(["sieved soon?", "sieved whenever?"])
    watch_layout_shifts(page)

    link = page.get_by_role("link", name="Filter", exact=True)
    link.press("Enter")
    expect(page.get_by_label("Type")).to_be_focused()
    assert layout_shifts(page, "body") == []
    page.keyboard.press("Escape")
    expect(page.get_by_label("Type")).to_have_count(0)
    expect(link).to_be_focused()

    link.press("Enter")
    expect(page.get_by_label("Type")).to_be_focused()
    page.get_by_label("Sort").select_option("Newest first")
    page.get_by_label("Due").select_option("Within an hour")
    page.get_by_role("button", name="Show questions").press("Enter")
    expect(rows).to_have_text(["sieved soon?"])
    expect(page).to_have_url("/inbox/?due=hour&q=sieved&sort=newest")
    expect(page.locator(".band")).to_contain_text("Asked today")
    page.get_by_role("link", name="Remove: Due within an hour").click()
    expect(rows).to_have_text(["sieved whenever?", "sieved soon?"])
    expect(page).to_have_url("/inbox/?q=sieved&sort=newest")

    page.get_by_role("link", name="Save view").press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.get_by_label("Name").fill("Sieved")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sieved")
    expect(rows).to_have_text(["sieved whenever?", "sieved soon?"])
    page.goto("/groups/")
    view = page.locator(".rail").get_by_role("link", name="Sieved")
    expect(view).to_contain_text("2 matching")
    view.click()
    expect(rows).to_have_text(["sieved whenever?", "sieved soon?"])


def test_filters_opened_right_after_typing_stay_open_for_what_was_typed(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/inbox/?q=sieved")
    search = intercept(page, re.compile(r"/inbox/\?q=sieved\+soon"))
    link = page.get_by_role("link", name="Filter", exact=True)
    with page.expect_request(re.compile(r"/inbox/\?q=sieved\+soon")):
        page.get_by_role("searchbox").fill("sieved soon")
        link.click()
    expect(page.get_by_label("Type")).to_be_focused()
    with page.expect_response("**/filters/**"):
        search.first().continue_()
    expect(page.locator("#list-panel [name=q]")).to_have_value("sieved soon")
    expect(page.get_by_label("Type")).to_be_focused()


def test_filters_that_arrive_after_a_search_are_those_of_the_search(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/inbox/?q=sieved")
    held = intercept(page, "**/filters/**")
    link = page.get_by_role("link", name="Filter", exact=True)
    with page.expect_request("**/filters/**"):
        link.press("Enter")
    page.get_by_role("searchbox").fill("sieved soon")
    page.wait_for_url("**q=sieved+soon**")
    expect(link).to_have_attribute("href", re.compile("sieved.soon"))
    held.first().continue_()
    page.unroute("**/filters/**")
    expect(page.locator("#list-panel [name=q]")).to_have_value("sieved soon")
