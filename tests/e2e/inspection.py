"""axe at every stop of a tour, at each width and in both themes, and whether a page is too wide."""

from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.e2e.axe import COLOUR_RULES, EVERY_RULE, LAYOUT_RULES, violations
from tests.support.product import Product
from tests.tour.tour import Subject, Tour

SIZES = ((1440, 2400), (390, 16_000))
"""Of a desktop and of a phone; higher than any page, so that no bar at an edge covers what is
looked at.
"""
BETWEEN = ((1000, 2400), (320, 16_000))
"""Sizes with the elements of one of ``SIZES`` in other places."""


class Inspection(Tour):
    def __init__(self, browser: Browser, product: Product) -> None:
        super().__init__(browser, product)
        self.found: list[str] = []

    def show(self, page: Page, name: str) -> None:
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            light = set_theme(page, "light")
            self._note(page, f"{name}, {width} px", EVERY_RULE)
            assert set_theme(page, "dark") != light, name
            self._note(page, f"{name}, {width} px, dark", COLOUR_RULES)
        for width, height in BETWEEN:
            page.set_viewport_size({"width": width, "height": height})
            self._note(page, f"{name}, {width} px", LAYOUT_RULES)
        page.set_viewport_size({"width": 1440, "height": 900})

    def _note(self, page: Page, name: str, rules: dict[str, Any]) -> None:
        self.found += [f"{name}: {line}" for line in violations(page, rules)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.found.append(f"{name}: the page scrolls sideways")


def set_theme(page: Page, theme: Literal["light", "dark"]) -> str:
    page.emulate_media(color_scheme=theme)
    assert page.evaluate("(theme) => matchMedia(`(prefers-color-scheme: ${theme})`).matches", theme)
    return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))


def faults(browser: Browser, product: Product, subject: Subject) -> list[str]:
    tour = Inspection(browser, product)
    try:
        with product.api() as api:
            subject(tour, api)
    finally:
        for context in browser.contexts:
            context.close()
    return tour.found
