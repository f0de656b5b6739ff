"""The product in one process tree, a browser in another."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.databases import environment
from tests.support.product import Product

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

EXPECTED = re.compile(r"status of (401|409|422)|net::ERR_FAILED")

SignIn = Callable[..., Page]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once for all tests of this folder; each asks questions of its own."""
    folder: Path = tmp_path_factory.mktemp("product")
    product = Product(folder, environment(folder, "e2e"))
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    """The wire, as the walkthrough uses it."""
    with product.api() as client:
        yield client


@pytest.fixture
def sign_in(product: Product, browser: Browser) -> Iterator[SignIn]:
    """``sign_in("rina")`` opens a browser of her own at the inbox.

    No page may complain on its console, and none may break the content security policy. A 401, a
    409 and a 422 are answers that the pages show, and a cut connection is what a test cut; the
    browser writes them to its console all the same.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def enter(name: str, *, password: str = "demo", **options: object) -> Page:
        context = browser.new_context(
            base_url=product.web,
            **{"viewport": {"width": 1440, "height": 900}, **options},  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{name}: {error}"))
        page.on(
            "console",
            lambda said: (
                complaints.append(f"{name}: {said.text}")
                if said.type == "error" and not EXPECTED.search(said.text)
                else None
            ),
        )
        page.goto("/accounts/login/")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/inbox/**")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []
