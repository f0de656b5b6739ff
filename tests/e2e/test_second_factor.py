"""The second factor in Chromium, with its virtual authenticator, at a host name."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import violations
from tests.support import chromium
from tests.support.codes import code_of
from tests.support.databases import environment
from tests.support.product import Product


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("factor")
    given = environment(folder, "factor", installed=True)
    product = Product(folder, given | {"PUBLIC_URL": "http://localhost"})
    product.start()
    yield product
    product.stop()


@pytest.fixture
def page(own: Product, browser: Browser) -> Iterator[Page]:
    """A new browser, at the host name. Its pages may not complain."""
    complaints: list[str] = []
    web = own.web.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=web, service_workers="block")
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text)
            if said.type == "error" and "status of 422" not in said.text
            else None
        ),
    )
    yield page
    context.close()
    assert complaints == []


@pytest.fixture
def authenticator(page: Page) -> None:
    chromium.add_authenticator(page)


def enter(page: Page, name: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


def sign_out(page: Page) -> None:
    page.goto("/account/")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/accounts/login/**")


def test_a_passkey_is_added_and_then_asked_for(page: Page, authenticator: None) -> None:
    enter(page, "rina")
    page.wait_for_url("**/inbox/**")
    page.goto("/account/")
    page.get_by_role("link", name="Two-factor authentication").click()
    assert violations(page) == []
    page.get_by_role("link", name="Add a passkey").click()
    page.wait_for_load_state()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Current password").fill("demo")
    assert violations(page) == []
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Keep these codes in a safe place")).to_be_visible()
    assert violations(page) == []
    code = page.locator("li.mono").first.inner_text()
    page.get_by_role("link", name="I've saved them").click()
    expect(page.get_by_text("Laptop").first).to_be_visible()
    assert violations(page) == []

    sign_out(page)
    enter(page, "rina")
    expect(page.get_by_text("Use your passkey, or one of your recovery codes.")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/inbox/**")

    sign_out(page)
    enter(page, "rina")
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")


def test_a_passkey_that_is_not_used_lets_no_one_in(page: Page, authenticator: None) -> None:
    enter(page, "sam")
    page.wait_for_url("**/inbox/**")
    page.goto("/account/second-factor/passkey/")
    page.get_by_label("Current password").fill("demo")
    page.get_by_role("button", name="Add a passkey").click()
    page.wait_for_url("**/codes/")
    sign_out(page)
    page.context.clear_cookies()
    enter(page, "sam")
    # The person closes the browser's dialog, which a headless browser doesn't show.
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error()) }")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("Your passkey wasn't used. You can try again.")).to_be_visible()
    page.goto("/inbox/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_app_is_set_up_by_its_key(page: Page) -> None:
    enter(page, "lee")
    page.wait_for_url("**/inbox/**")
    page.goto("/account/second-factor/")
    page.get_by_role("link", name="Set up an authenticator app").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert violations(page) == []
    secret = re.sub(r"\s", "", page.locator(".mono.anywhere").inner_text())
    code = code_of(secret)
    page.get_by_label("Code from the app").fill(code)
    page.get_by_label("Current password").fill("demo")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(page)
    enter(page, "lee")
    assert violations(page) == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    page.get_by_label("Code").fill(code_of(secret))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
