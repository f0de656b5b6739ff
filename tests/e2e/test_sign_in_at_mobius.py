"""Signing in at Mobius in Chromium, with the demo's page where it is approved."""

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import SignIn
from tests.e2e.inspection import SIZES
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("device")
    product = Product(folder, environment(folder, "device") | {"ENGINE_API": "c"})
    product.start()
    yield product
    product.kill()


def decide(page: Page, button: str) -> None:
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open Mobius").click()
    mobius = opened.value
    mobius.get_by_label("Sign in as").select_option(label="Rina (user_rina)")
    mobius.get_by_role("button", name=button).click()
    expect(mobius.locator("body")).to_contain_text("You can close this page.")
    mobius.close()


def test_the_page_goes_on_by_itself(sign_in: SignIn) -> None:
    page = sign_in("rina")
    page.goto("/account/?replace=1")
    page.get_by_role("button", name="Sign in at Mobius").click()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator(".device-code")).to_be_visible()
        expect(page.locator(".qr svg")).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    decide(page, "Deny")
    expect(page.locator("#token")).to_contain_text("The sign-in was denied in Mobius.")
    assert violations(page) == []
    page.get_by_role("button", name="Sign in at Mobius again").click()
    decide(page, "Approve")
    expect(page.locator("#token")).to_contain_text("Last used")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#token")).to_contain_text("Mobius revokes it")


@pytest.mark.slow
def test_a_sign_in_survives_the_end_of_its_process(product: Product) -> None:
    sam = Person(product.web, "sam")
    sam.sign_in()
    assert sam.post("/account/sign-in").status_code == 303
    code = sam.get("/account/").text.partition('device-code mono">')[2].partition("<")[0].strip()
    product.kill()
    product.start()
    sam.web = product.web
    page = httpx.get(f"{product.engine}/device", params={"code": code}).text
    option = page.partition('">Sam (user_sam')[0].rpartition('"')[2]
    form = {"code": code, "person": option, "decision": "approve"}
    assert "Approved" in httpx.post(f"{product.engine}/device", data=form).text
    deadline = time.monotonic() + 60
    while "Mobius revokes it" not in sam.get("/account/sign-in").text:
        assert time.monotonic() < deadline, "the token did not arrive"
        time.sleep(0.1)
