import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.arrivals import arrived
from tests.e2e.conftest import SignIn
from tests.support.databases import environment
from tests.support.pages import ARMED, intercept, press
from tests.support.product import Product, ask

pytestmark = pytest.mark.browser

BUDGET = 90_000


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path, environment(tmp_path, "cold", installed=True))
    product.start()
    yield product
    product.stop()


def test_a_cold_inbox_is_under_90_kb(own: Product, browser: Browser) -> None:
    # What a service worker fetches isn't counted.
    context = browser.new_context(base_url=own.web, service_workers="block")
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
    with own.api() as api:
        for number in range(32):
            ask(api, f"Approve the refund of order {48000 + number * 37}?")
    arrived(page, f"order {48000 + 31 * 37}?").wait_for()
    page.goto("about:blank")  # ends what the list was still fetching
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    transferred: dict[str, float] = {}
    session.on(
        "Network.loadingFinished",
        lambda event: transferred.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto("/inbox/")
    page.wait_for_load_state("load")
    assert page.locator(".row").count() > 45
    assert len(transferred) > 10
    assert sum(transferred.values()) < BUDGET, json.dumps(transferred)
    context.close()


def test_the_first_question_that_opens_is_shown_with_its_guards(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Shown with its guards?")
    row = arrived(page, "Shown with its guards?")
    held = intercept(page, re.compile(r"/js/confirm\."))
    with (
        page.expect_request(re.compile(r"/js/confirm\.")),
        page.expect_response(re.compile("/interactions/")),
    ):
        row.click()
    expect(page.locator("#question")).to_have_count(0)
    held.first().continue_()
    press(page.get_by_role("button", name="Approve"))
    expect(page.locator(ARMED)).to_be_focused()


def test_a_question_whose_scripts_fail_to_load_opens_as_a_page(
    sign_in: SignIn, api: httpx.Client
) -> None:
    page = sign_in("rina")
    ask(api, "Opened as a page?")
    row = arrived(page, "Opened as a page?")
    page.route(re.compile(r"/js/draft\."), lambda route: route.abort(), times=1)
    with page.expect_navigation(url=re.compile("/interactions/")):
        row.click()
    press(page.get_by_role("button", name="Approve"))
    expect(page.locator(ARMED)).to_be_focused()
