"""How many keys clear the demo's inbox: `python -m tests.bench.keys [confirm|undo] [--plain]`.

It starts the product with its demo in a folder of its own and answers all of Rina's questions in
Chromium, by keyboard alone and from the first one on; with `--plain`, as many approvals instead,
which it asks first, with a press every 700 ms. The guard is *Ask first* unless it says `undo`. A
chord counts as one key, and so does each letter of a typed answer. Without `--plain`, each question
is answered only once `static/js/guard.js` lets it be, so the time is a lower bound of a person's.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from playwright.sync_api import Page, expect, sync_playwright

from tests.support import chromium
from tests.support.databases import environment
from tests.support.pages import ARMED, GUARD_MS
from tests.support.product import Product, ask, interaction_of

TEXT = "ok"
ALLOWED = {("confirm", False): 68, ("undo", False): 45, ("confirm", True): 36, ("undo", True): 18}
"""At most so many keys, by the guard and whether all questions are plain approvals."""
PLAIN = 18
BEAT_S = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("guard", nargs="?", default="confirm", choices=("confirm", "undo"))
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        guard = {"ANSWER_GUARD": given.guard}
        product = Product(folder, {**environment(folder, "keys"), **guard})
        product.start()
        try:
            with sync_playwright() as playwright:
                browser = chromium.launch(playwright)
                page = browser.new_page(base_url=product.web)
                path = ask_plain(product) if given.plain else "/inbox/"
                sign_in(page)
                page.goto(path)
                allowed = ALLOWED[given.guard, given.plain]
                if given.plain:
                    press_on(page, allowed)
                else:
                    clear(page, allowed)
                browser.close()
        finally:
            product.stop()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")


def ask_plain(product: Product) -> str:
    """Ask Rina for as many approvals as the demo asks her questions; the list of those alone."""
    with product.api() as api:
        for number in range(PLAIN):
            interaction_of(api, ask(api, f"Plain approval {number}?"))
    return "/inbox/?q=plain"


def press_on(page: Page, allowed: int) -> None:
    """Open the first question and approve in a steady beat until nothing is open."""
    page.locator(".row").first.click()
    page.locator("form[data-answer]").wait_for()
    presses, next_at = 0, time.monotonic() + BEAT_S
    while True:
        page.wait_for_timeout(1000 * max(0.0, next_at - time.monotonic()))
        if page.locator("#detail .empty").count():
            break
        page.keyboard.press("Control+Enter" if page.locator(ARMED).count() else "a")
        presses, next_at = presses + 1, next_at + BEAT_S
    print(f"{PLAIN} questions, {presses} presses (at most {allowed})")


def clear(page: Page, allowed: int) -> None:
    """Mark the first question, which shows it, and answer until nothing is open."""
    expect(page.locator(".row").first).to_be_visible()
    start = time.monotonic()
    page.keyboard.press("j")
    page.locator("form[data-answer]").wait_for()
    keys, questions = 1, 0
    while True:
        page.locator("form[data-answer], #detail .empty").first.wait_for(state="attached")
        if page.locator("#detail .empty").count():
            break
        id_ = page.locator("#detail").get_attribute("data-interaction-id")
        page.wait_for_timeout(GUARD_MS + 20)
        title, used = page.locator("#question").inner_text(), answer(page)
        page.wait_for_function(
            "id => document.querySelector('#detail').dataset.interactionId !== id", arg=id_
        )
        keys, questions = keys + used, questions + 1
        print(f"{used:3}  {title[:70]}")
    seconds = time.monotonic() - start
    print(f"{questions} questions, {keys} keys (at most {allowed}), {seconds:.0f} s")


def answer(page: Page) -> int:
    press = page.keyboard.press
    asks = page.locator("#answer").get_attribute("data-guard") == "confirm"
    if page.locator("#answer [data-key=a]").count():
        press("a")
        return 1 + confirm(page, asks)
    field = page.locator("#answer [name=value]").first
    is_choice = field.get_attribute("type") in ("radio", "checkbox")
    chosen = page.locator("#answer [name=value]:checked").count() if is_choice else 0
    if chosen or (not is_choice and field.input_value()):
        return send(page, asks)
    if is_choice and not page.locator("#answer-value-options .choice:has(kbd)").count():
        return search(page) + send(page, asks)
    if is_choice:
        press("1")
        return 1 + send(page, asks)
    # On the row of a preview, the first Enter opens the question.
    enters = 2 if page.locator(".row:focus").count() else 1
    for _ in range(enters):
        press("Enter")
    expect(field).to_be_focused()
    page.keyboard.type(TEXT)
    return enters + len(TEXT) + send(page, asks)


def send(page: Page, asks: bool) -> int:
    page.keyboard.press("Control+Enter")
    return 1 + confirm(page, asks)


def confirm(page: Page, asks: bool) -> int:
    if not asks:
        return 0
    page.locator(ARMED).wait_for()
    page.keyboard.press("Control+Enter")
    return 1


def search(page: Page) -> int:
    """An option of a long list: typed, and chosen by Enter."""
    page.keyboard.press("Enter")
    expect(page.locator("#answer input[type=search]")).to_be_focused()
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    expect(page.locator("#answer [name=value]:checked")).to_have_count(1)
    return 3


if __name__ == "__main__":
    main()
