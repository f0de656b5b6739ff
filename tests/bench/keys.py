"""How many keys clear the demo's inbox: `python -m tests.bench.keys`.

It starts the product with its demo in a folder of its own and answers all of Rina's questions in
Chromium, by keyboard alone and from the first one on. A chord counts as one key, and so does each
letter of a typed answer. Each question is answered only once the guards of `static/js/guard.js`
let it be, so the time is a lower bound of a person's.
"""

import os
import shutil
import tempfile
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from playwright.sync_api import Page, expect, sync_playwright

from tests.support.databases import environment
from tests.support.pages import STEP_GUARD_MS
from tests.support.product import Product

TEXT = "ok"
ALLOWED = 68


def main() -> None:
    """Print what each question took, and the sum."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        product = Product(folder, environment(folder, "keys"))
        product.start()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                page = browser.new_page(base_url=product.web)
                sign_in(page)
                clear(page)
                browser.close()
        finally:
            product.stop()


def sign_in(page: Page) -> None:
    """As Rina, at the inbox."""
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")


def clear(page: Page) -> None:
    """Open the first question, and answer until nothing is open."""
    expect(page.locator(".row").first).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("form[data-answer]").wait_for()
    keys, questions, start = 2, 0, time.monotonic()
    while True:
        page.locator("form[data-answer], #detail .empty").first.wait_for()
        if page.locator("#detail .empty").count():
            break
        id_ = page.locator("#detail").get_attribute("data-interaction-id")
        page.wait_for_timeout(STEP_GUARD_MS + 20)
        title, used = page.locator("#question").inner_text(), answer(page)
        page.wait_for_function(
            "id => document.querySelector('#detail').dataset.interactionId !== id", arg=id_
        )
        keys, questions = keys + used, questions + 1
        print(f"{used:3}  {title[:70]}")
    seconds = time.monotonic() - start
    print(f"{questions} questions, {keys} keys (at most {ALLOWED}), {seconds:.0f} s")


def answer(page: Page) -> int:
    """Answer the open question; the keys that it took."""
    press = page.keyboard.press
    if page.locator("#answer [data-key=a]").count():
        press("a")
        page.locator("[data-step]").wait_for()
        page.wait_for_timeout(STEP_GUARD_MS + 20)
        press("a")
        return 2
    field = page.locator("#answer [name=value]").first
    if field.get_attribute("type") in ("radio", "checkbox"):
        chosen = page.locator("#answer [name=value]:checked").count()
        if not chosen and page.locator("#answer-options .choice:has(kbd)").count():
            press("1")
        elif not chosen:
            return search(page)
        press("Control+Enter")
        return 1 if chosen else 2
    if field.input_value():
        press("Control+Enter")
        return 1
    press("Enter")
    expect(field).to_be_focused()
    page.keyboard.type(TEXT)
    press("Control+Enter")
    return 2 + len(TEXT)


def search(page: Page) -> int:
    """An option of a long list: typed, chosen by Enter, and sent."""
    page.keyboard.press("Enter")
    expect(page.locator("#answer input[type=search]")).to_be_focused()
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    expect(page.locator("#answer [name=value]:checked")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    return 4


if __name__ == "__main__":
    main()
