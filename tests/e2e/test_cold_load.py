"""What a browser without a cache has to fetch."""

import json

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import SignIn
from tests.support.product import Product

pytestmark = pytest.mark.browser

BUDGET = 90_000


def test_a_cold_inbox_is_under_90_kb(product: Product, browser: Browser, sign_in: SignIn) -> None:
    page = sign_in("rina")
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    transferred: dict[str, float] = {}
    session.on(
        "Network.loadingFinished",
        lambda event: transferred.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto(f"{product.web}/inbox/")
    page.wait_for_load_state("load")
    assert page.locator(".row").count() > 10
    assert len(transferred) > 10
    assert sum(transferred.values()) < BUDGET, json.dumps(transferred)
