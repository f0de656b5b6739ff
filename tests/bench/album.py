"""Pictures of pages at several widths and in both themes, and labelled sheets of them."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.support.product import Product

HEIGHTS = {390: 844, 768: 1024}
"""By the width; 900 for others."""
TALLEST = 2600
"""Of a long page, so much is photographed."""
COLUMNS = {390: 4, 768: 3}
"""Pictures beside each other on a sheet; 2 of wider ones."""
ROWS = 2
LOCALES = {"en": "en-US", "de": "de-DE"}


class Album:
    """The pictures, and the people who open the pages."""

    def __init__(
        self,
        browser: Browser,
        product: Product,
        folder: Path,
        *,
        widths: list[int],
        themes: list[str],
        language: str,
    ) -> None:
        self.browser, self.product, self.folder = browser, product, folder
        self.widths, self.themes, self.language = widths, themes, language
        self.names: list[str] = []
        self._people: dict[str, Page] = {}

    def beside(self, product: Product) -> "Album":
        """Pictures of another product, for the same sheets."""
        other = Album(
            self.browser,
            product,
            self.folder,
            widths=self.widths,
            themes=self.themes,
            language=self.language,
        )
        other.names = self.names
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

    def take(self, page: Page, name: str) -> None:
        """A picture of the page as it is, at each width in each theme."""
        print(name, flush=True)
        self.names.append(name)
        for width in self.widths:
            size = {"width": width, "height": HEIGHTS.get(width, 900)}
            page.set_viewport_size(size)
            for theme in self.themes:
                page.emulate_media(color_scheme=theme)
                page.evaluate(
                    "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"
                )
                height = page.evaluate(
                    "Math.max(innerHeight, document.documentElement.scrollHeight,"
                    "  ...[...document.querySelectorAll('.page-scroll')].map("
                    "    (part) => part.getBoundingClientRect().top + part.scrollHeight))"
                )
                page.set_viewport_size({"width": width, "height": min(int(height), TALLEST)})
                page.screenshot(path=self.folder / f"{name}-{width}-{theme}.png")
                page.set_viewport_size(size)
        page.set_viewport_size({"width": 1440, "height": 900})

    def visit(self, page: Page, paths: dict[str, str]) -> None:
        """A picture of each address: name → path."""
        for name, path in paths.items():
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(path)
            expect(page.locator("main")).to_be_visible()
            self.take(page, name)

    def sheets(self) -> None:
        """The pictures of a width and theme, side by side."""
        page = self.browser.new_page()
        for width in self.widths:
            columns = COLUMNS.get(width, 2)
            count = columns * ROWS
            for theme in self.themes:
                for start in range(0, len(self.names), count):
                    figures = "".join(
                        f"<figure>{name}<img src='{name}-{width}-{theme}.png'></figure>"
                        for name in self.names[start : start + count]
                    )
                    place = self.folder / "sheet.html"
                    place.write_text(
                        "<meta charset=utf-8><style>body{margin:16px;display:grid;gap:16px;"
                        f"grid-template-columns:repeat({columns},1fr);align-items:start;"
                        "font:600 16px sans-serif;background:#888}figure{margin:0}"
                        "img{width:100%;max-height:1100px;object-fit:cover;object-position:top}"
                        f"</style>{figures}"
                    )
                    page.set_viewport_size({"width": 1640, "height": 900})
                    page.goto(place.as_uri())
                    number = start // count + 1
                    page.screenshot(
                        path=self.folder / f"sheet-{width}-{theme}-{number:02}.png", full_page=True
                    )
                    place.unlink()
        page.close()
