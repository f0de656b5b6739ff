"""The product in one process tree, a browser in another."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product

EXPECTED = re.compile(
    r"status of (401|409|422)|net::ERR_(FAILED|INTERNET_DISCONNECTED)|Failed to fetch"
    r"|Error in input stream|NetworkError when attempting"
)
"""The last two are what Firefox says of a stream and of a request whose page is left."""

SignIn = Callable[..., Page]
Choose = Callable[..., Page]

expect.set_options(timeout=30_000)


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started once for all tests of this folder; each asks questions of its own."""
    folder: Path = tmp_path_factory.mktemp("product")
    product = Product(folder, environment(folder, "e2e", installed=True))
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product for a tour, in which people change what others rely on and the engine stops."""
    folder: Path = tmp_path_factory.mktemp("toured")
    product = Product(folder, environment(folder, "toured", installed=True))
    product.start()
    product.manage("demo", "--history", "7", "--seed", "1")
    yield product
    product.kill()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers; a thread can have only one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium."""
    if chromium.PATH is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    browser = chromium.launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    """The API, as the walkthrough uses it."""
    with product.api() as client:
        yield client


@pytest.fixture
def sign_in(product: Product, browser: Browser) -> Iterator[SignIn]:
    """``sign_in("rina")`` opens a browser of her own at the inbox.

    No page may complain on its console, and none may break the content security policy. A 401, a
    409 and a 422 are answers that the pages show, and a cut connection is what a test cut; the
    browser writes them to its console all the same. There is no service worker, through which
    ``page.route`` would see no navigation.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def enter(name: str, *, password: str = "demo", **options: object) -> Page:
        context = browser.new_context(
            base_url=product.web,
            service_workers="block",
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
        # By their names, which are the same in every language.
        page.locator("[name=username]").fill(name)
        page.locator("[name=password]").fill(password)
        page.locator(".login [type=submit]").click()
        page.wait_for_url("**/inbox/**")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def undoing(sign_in: SignIn, product: Product) -> Iterator[Choose]:
    """``undoing()`` signs Lee in, who undoes; afterwards he is asked first again, as others are.

    An answer that waits at the end is taken back, so that no bar of it is in the next test's way.
    """

    def enter(
        *, seconds: int = 60, name: str = "lee", password: str = "demo", **more: object
    ) -> Page:
        page = sign_in(name, password=password, **more)
        choose(page, "Send with undo", seconds)
        return page

    yield enter
    product.manage(
        "shell",
        "--no-imports",
        "-c",
        "from inbox.models import Attempt, Reviewer;"
        "Reviewer.objects.update(answer_guard='', undo_seconds=None);"
        "Attempt.objects.filter(state='held').update(state='undone')",
    )


def choose(page: Page, guard: str, seconds: int) -> None:
    page.goto("/account/")
    form = page.locator("form[action='/account/guard']")
    form.get_by_label(guard).check()
    form.get_by_label("Undo period").select_option(str(seconds))
    save = form.get_by_role("button", name="Save")
    if save.is_visible():  # without scripts
        save.click()
    # The guard and the period are saved one after the other.
    period = {5: "5 s", 10: "10 s", 30: "30 s", 60: "1 min"}[seconds]
    expect(page.locator("#toasts")).to_contain_text(f"You can undo your answers for {period}.")
    page.goto("/inbox/")
