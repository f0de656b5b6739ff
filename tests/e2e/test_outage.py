from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.outage import Outage, outage_of
from tests.support.product import Product, ask, interaction_of

pytestmark = pytest.mark.browser

AWAY = "The inbox is temporarily unavailable"

READ_ONLY = "The inbox can&#x27;t write to its database"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("outage")
    product = Product(folder, environment(folder, "outage", installed=True))
    yield product
    product.kill()


@pytest.fixture(scope="module")
def outage(product: Product) -> Iterator[Outage]:
    outage = outage_of(product)
    product.start()
    yield outage
    outage.close()


@pytest.fixture
def rina(outage: Outage, product: Product) -> Iterator[Person]:
    person = Person(product.web, "rina")
    person.sign_in()
    yield person
    person.close()


def readyz(product: Product) -> tuple[int, str]:
    answer = httpx.get(f"{product.web}/readyz", timeout=60)
    return answer.status_code, answer.json()["status"]


@contextmanager
def without_database(outage: Outage) -> Iterator[None]:
    outage.cut()
    try:
        yield
    finally:
        outage.restore()


@contextmanager
def without_writes(outage: Outage) -> Iterator[None]:
    outage.refuse_writes()
    try:
        yield
    finally:
        outage.allow_writes()


def asked(product: Product, rina: Person, message: str) -> str:
    with product.api() as api, rina.stream("/live/inbox/") as lines:
        run_id = ask(api, message)
        until(lines, lambda: message in rina.get("/inbox/").text)
        return str(interaction_of(api, run_id)["id"])


def until(lines: Iterator[str], check: Callable[[], bool]) -> None:
    """Return once ``check`` is true: it is asked now, and whenever the stream says something."""
    while not check():
        next(lines)


def test_without_its_database_it_answers_503_and_promises_nothing(
    product: Product, outage: Outage, rina: Person
) -> None:
    item = asked(product, rina, "Is it there?")
    form = rina.form(item)
    assert readyz(product) == (200, "ready")
    with without_database(outage):
        assert readyz(product) == (503, "unavailable")
        assert httpx.get(f"{product.web}/healthz").status_code == 200
        page = rina.get("/inbox/")
        assert page.status_code == 503
        assert page.headers["Retry-After"]
        assert AWAY in page.text
        assert "confirm" not in page.text
        sent = rina.respond(item, form, value="true", comment="Keep these words")
        assert sent.status_code == 503
        assert "Keep these words" in sent.text
        assert "We couldn't confirm that what you just sent was received" in sent.text
        assert "draft" not in sent.text.lower()
    with rina.stream("/live/inbox/") as lines:
        until(lines, lambda: readyz(product) == (200, "ready"))
    assert rina.respond(item, form, value="true").status_code == 303


def test_an_open_page_does_not_say_live_meanwhile(
    product: Product, outage: Outage, rina: Person, browser: Browser
) -> None:
    context = browser.new_context(base_url=product.web, service_workers="block")
    context.add_cookies(
        [{"name": n, "value": v, "url": product.web} for n, v in rina.cookies().items()]
    )
    page = context.new_page()
    page.goto("/inbox/")
    mark = page.locator("#freshness")
    expect(mark).to_have_text("Live")
    expect(page.locator("html[data-live=on]")).to_be_attached()
    with without_database(outage):
        expect(mark).to_contain_text("No updates since")
        expect(page.locator("#inbox-list")).to_be_visible()
        expect(page.locator("[data-stale]")).to_contain_text("Nothing can be saved or sent")
    expect(mark).to_have_text("Live")
    context.close()


def test_a_database_that_takes_no_writes_is_noticed_by_the_first_one(
    product: Product, outage: Outage, rina: Person
) -> None:
    item = asked(product, rina, "Can it be written?")
    form = rina.form(item)
    with rina.stream("/live/inbox/") as lines:
        with without_writes(outage):
            sent = rina.respond(item, form, value="", comment="Not kept")
            assert sent.status_code == 503
            assert "Not kept" in sent.text
            until(lines, lambda: READ_ONLY in rina.get("/freshness/").text)
            assert "No updates since" in rina.get("/freshness/").text
            assert readyz(product) == (503, "unavailable")
            assert rina.get("/inbox/").status_code == 200
        until(lines, lambda: ">Live<" in rina.get("/freshness/").text)
    assert readyz(product) == (200, "ready")
