"""Pictures of every page and state: `python -m tests.bench.screens [folder]`.

It starts the product with its demo and 40 days of history, brings each page into each state that is
worth seeing, and takes a picture at each width in both themes; with `--language de`, in German, on
a phone and a desktop, by day. The pictures, and labelled sheets of them (`sheet-….png`), go to the
folder; by default it is `reviewer-screens-<language>` beside other temporary files. `--only inbox
runs` takes some subjects alone, `--widths 1100` another width. A subject that fails does not keep
the others from being taken.
"""

import argparse
import os
import sys
import tempfile
import traceback
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django
import httpx
from playwright.sync_api import Error, expect, sync_playwright

from tests.bench.album import Album
from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product
from tests.tour import pages, questions
from tests.tour.tour import LOCALES

expect.set_options(timeout=30_000)

WIDTHS = {"en": [390, 768, 1440], "de": [390, 1440]}
THEMES = {"en": ["light", "dark"], "de": ["light"]}
SUBJECTS = (*questions.SUBJECTS, *pages.SUBJECTS)


def take_all(album: Album, only: list[str] | None) -> bool:
    """True if none failed."""
    succeeded = True
    with album.product.api() as api:
        for subject in SUBJECTS:
            if only and subject.__name__ not in only:
                continue
            try:
                subject(album, api)
            except (AssertionError, Error, StopIteration, httpx.HTTPError):
                traceback.print_exc()
                succeeded = False
    return succeeded


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--language", choices=LOCALES, default="en")
    parser.add_argument("--only", nargs="+", choices=[one.__name__ for one in SUBJECTS])
    parser.add_argument("--widths", nargs="+", type=int)
    given = parser.parse_args()
    language = given.language
    folder = given.folder or Path(tempfile.gettempdir()) / f"reviewer-screens-{language}"
    folder.mkdir(parents=True, exist_ok=True)
    django.setup()
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        product = Product(Path(data), environment(Path(data), "screens", installed=True))
        product.start()
        browser = chromium.launch(playwright)
        try:
            product.manage("demo", "--history", "40", "--seed", "1")
            # The service worker is fetched in the browser's own language, not in that of a page.
            product.manage(
                "shell",
                "--no-imports",
                "-c",
                f"from inbox.models import Reviewer;Reviewer.objects.update(language={language!r})",
            )
            album = Album(
                browser,
                product,
                folder,
                widths=given.widths or WIDTHS[language],
                themes=THEMES[language],
                language=language,
            )
            succeeded = take_all(album, given.only)
            album.sheets()
        finally:
            browser.close()
            product.kill()
    print(folder)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
