"""Visits every page and state; subclasses inspect or screenshot them."""

import copy
from collections.abc import Callable
from typing import Any, Self

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.pages import ARMED, press
from tests.support.product import Product

LOCALES = {"en": "en-US", "de": "de-DE"}


class Tour:
    """``show`` is called for each page and state."""

    def __init__(self, browser: Browser, product: Product, language: str = "en") -> None:
        self.browser, self.product, self.language = browser, product, language
        self._people: dict[str, Page] = {}

    def show(self, page: Page, name: str) -> None:
        raise NotImplementedError

    def beside(self, product: Product) -> Self:
        other = copy.copy(self)
        other.product, other._people = product, {}
        return other

    def page(self, **options: Any) -> Page:
        context = self.browser.new_context(
            base_url=self.product.web,
            locale=LOCALES[self.language],
            reduced_motion="reduce",
            **options,
        )
        return context.new_page()

    def person(self, name: str, *, password: str = "demo") -> Page:
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
        """``paths``: address by name."""
        for name, path in paths.items():
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(path)
            expect(page.locator("main")).to_be_visible()
            self.show(page, name)


Subject = Callable[[Tour, httpx.Client], None]


def answer_buttons(page: Page, key: str) -> Locator:
    return page.locator(f"#answer [data-key={key}]")


def approve(page: Page) -> None:
    press(answer_buttons(page, "a"))
    press(page.locator(f"{ARMED} [data-confirms]"))


def question_of(api: httpx.Client, words: str) -> str:
    items = api.get("/interactions", params={"status": "pending", "limit": 200}).json()["items"]
    return next(f"/interactions/{item['id']}/" for item in items if words in item["message"])
