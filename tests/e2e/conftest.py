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
from tests.support.browserless import Person
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
    folder: Path = tmp_path_factory.mktemp("toured")
    product = Product(folder, environment(folder, "toured", installed=True))
    product.start()
    product.manage("demo", "--history", "7", "--seed", "1")
    yield product
    product.kill()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """A thread can have only one."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    if chromium.PATH is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    browser = chromium.launch(playwright)
    yield browser
    browser.close()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    with product.api() as client:
        yield client


@pytest.fixture(scope="package")
def signed_in() -> Iterator[dict[tuple[str, str], Person]]:
    """Each product's people whose session is shared by the tests, by address and name."""
    people: dict[tuple[str, str], Person] = {}
    yield people
    for person in people.values():
        person.close()


@pytest.fixture
def session(
    product: Product, signed_in: dict[tuple[str, str], Person]
) -> Callable[[str, str], dict[str, str]]:
    """Someone's cookies: at first those that all tests share, then those of a new session."""
    used: set[str] = set()

    def cookies_of(name: str, password: str) -> dict[str, str]:
        shared = signed_in.get((product.web, name))
        if name in used or shared is None or shared.is_signed_out():
            shared = Person(product.web, name)
            shared.sign_in(password)
            signed_in[product.web, name] = shared
        used.add(name)
        return shared.cookies()

    return cookies_of


@pytest.fixture
def sign_in(
    product: Product, browser: Browser, session: Callable[[str, str], dict[str, str]]
) -> Iterator[SignIn]:
    """``sign_in("rina")`` opens a browser of her own at the inbox, with a session that she has.
    ``by_form``: through the sign-in page, which notes the time zone too.

    No page may complain on its console, and none may break the content security policy. A 401, a
    409 and a 422 are answers that the pages show, and a cut connection is what a test cut; the
    browser writes them to its console all the same. There is no service worker, through which
    ``page.route`` would see no navigation.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def enter(
        name: str, *, password: str = "demo", by_form: bool = False, **options: object
    ) -> Page:
        context = browser.new_context(
            base_url=product.web,
            service_workers="block",
            **{"viewport": {"width": 1440, "height": 900}, **options},  # type: ignore[arg-type]
        )
        contexts.append(context)
        by_form = by_form or "timezone_id" in options
        if not by_form:
            id_ = session(name, password)["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": id_, "url": product.web}])
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
        page.goto("/inbox/")
        if by_form:
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
        product.execute(
            f"UPDATE inbox_reviewer SET answer_guard = 'undo', undo_seconds = {seconds}"
            f" WHERE user_id = (SELECT id FROM auth_user WHERE username = '{name}')"
        )
        return sign_in(name, password=password, **more)

    yield enter
    product.execute("UPDATE inbox_reviewer SET answer_guard = '', undo_seconds = NULL")
    product.execute("UPDATE inbox_attempt SET state = 'undone' WHERE state = 'held'")
