"""Pictures of pages at several widths and in both themes, and labelled sheets of them."""

from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.product import Product
from tests.tour.tour import Tour

HEIGHTS = {390: 844, 768: 1024}
"""By the width; 900 for others."""
TALLEST = 2600
"""Of a long page, so much is photographed."""
COLUMNS = {390: 4, 768: 3}
"""Pictures beside each other on a sheet; 2 of wider ones."""
ROWS = 2


class Album(Tour):
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
        super().__init__(browser, product, language)
        self.folder, self.widths, self.themes = folder, widths, themes
        self.names: list[str] = []

    def show(self, page: Page, name: str) -> None:
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

    def sheets(self) -> None:
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
