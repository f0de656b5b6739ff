"""A walk through every page and state of the product, for whoever looks at each."""

import copy
from collections.abc import Callable
from typing import Any, Self

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.pages import STEP_GUARD_MS, press
from tests.support.product import Product

LOCALES = {"en": "en-US", "de": "de-DE"}


class Tour:
    """The people who open the pages. ``show`` is what is done with each page and state."""

    def __init__(self, browser: Browser, product: Product, language: str = "en") -> None:
        self.browser, self.product, self.language = browser, product, language
        self._people: dict[str, Page] = {}

    def show(self, page: Page, name: str) -> None:
        """Look at the page as it is, at each width in each theme."""
        raise NotImplementedError

    def beside(self, product: Product) -> Self:
        """The same tour through another product, or with other browsers."""
        other = copy.copy(self)
        other.product, other._people = product, {}
        return other

    def page(self, **options: Any) -> Page:
        """A browser of someone who has not signed in."""
        context = self.browser.new_context(
            base_url=self.product.web,
            locale=LOCALES[self.language],
            reduced_motion="reduce",
            **options,
        )
        return context.new_page()

    def person(self, name: str, *, password: str = "demo") -> Page:
        """The page of someone who has signed in, in the order in which they act."""
        if name not in self._people:
            page = self._people[name] = self.page()
            page.goto("/accounts/login/")
            page.locator("[name=username]").fill(name)
            page.locator("[name=password]").fill(password)
            page.locator(".login [type=submit]").click()
            page.wait_for_url("**/inbox/**")
        page = self._people[name]
        page.set_viewport_size({"width": 1440, "height": 900})
        return page

    def visit(self, page: Page, paths: dict[str, str]) -> None:
        """Look at each address: name → path."""
        for name, path in paths.items():
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(path)
            expect(page.locator("main")).to_be_visible()
            self.show(page, name)


Subject = Callable[[Tour, httpx.Client], None]


def answer_buttons(page: Page, key: str) -> Locator:
    return page.locator(f"#answer [data-key={key}]:not([data-step] *)")


def approve(page: Page) -> None:
    """Press Approve, then confirm it."""
    press(answer_buttons(page, "a"))
    press(page.locator("[data-step] [data-send]"), STEP_GUARD_MS)


def question_of(api: httpx.Client, words: str) -> str:
    """The address of the demo's open question with these words."""
    items = api.get("/interactions", params={"status": "pending", "limit": 200}).json()["items"]
    return next(f"/interactions/{item['id']}/" for item in items if words in item["message"])
