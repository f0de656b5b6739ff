"""`python -m tests.bench.upstreams [samples]`: how soon people see what happens upstream, by
polling and by streaming, in milliseconds, and requests a minute.
"""

import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.bench.follow import STREAMING, watch
from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product, ask
from tests.upstream import GuideServer

PASSWORD = "a quiet harbour"
MINUTE = 60.0
SLOW_DOWN = 75.0
"""Seconds after which a closed page no longer counts, and polls are as rare as they become."""

Start = Callable[[str], str]
Answer = Callable[[str], None]


def sign_in(browser: Browser, product: Product, password: str) -> Page:
    page = browser.new_context(base_url=product.web).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
    return page


def measure(inbox: Page, start: Start, answer: Answer, samples: int) -> Page:
    run_page = inbox.context.new_page()
    run_page.add_init_script(STREAMING)
    appeared, followed = [], []
    for number in range(samples):
        inbox.goto("/inbox/")
        # At any moment between two polls.
        inbox.wait_for_timeout(300 + 437 * number % 2000)
        watch(inbox, "came", "#show-arrivals")
        asked_at = time.time()
        run_id = start(f"Sample {number}?")
        appeared.append(inbox.evaluate("window.came") - asked_at * 1000)
        # The question may be known a moment before its run.
        while run_page.goto(f"/runs/{run_id}/").status != 200:  # type: ignore[union-attr]
            run_page.wait_for_timeout(200)
        run_page.evaluate("window.streaming")
        run_page.locator("[data-run-status='suspended']").first.wait_for()
        run_page.wait_for_timeout(1000)
        watch(run_page, "ended", "[data-run-status='completed']")
        answered_at = time.time()
        answer(run_id)
        followed.append(run_page.evaluate("window.ended") - answered_at * 1000)
    for what, took in (("a question appears", appeared), ("the run's end shows", followed)):
        print(
            f"  {what}: median {statistics.median(took):.0f} ms, worst of {samples} "
            f"{max(took):.0f} ms",
            flush=True,
        )
    return run_page


def count(server: GuideServer, what: str) -> None:
    before = len(server.seen)
    time.sleep(MINUTE)
    calls = Counter(one.call or "a call that it does not have" for one in server.seen[before:])
    by_call = ", ".join(f"{call} {number}" for call, number in calls.most_common())
    print(f"  {what}: {sum(calls.values())} requests a minute ({by_call or 'none'})", flush=True)


@contextmanager
def serving(folder: Path, name: str, **upstream: str) -> Iterator[Product]:
    folder = folder / name
    folder.mkdir()
    product = Product(folder, {**environment(folder, f"bench_{name}"), **upstream})
    if upstream:
        person = ("add_person", "rina", "--mobius-id", "user_rina", "--password-stdin")
        product.manage(*person, told=f"{PASSWORD}\n")
    product.start()
    try:
        yield product
    finally:
        product.stop()


def polling(browser: Browser, folder: Path, samples: int) -> None:
    with (
        GuideServer() as server,
        serving(
            folder,
            "guide",
            MOBIUS_BASE_URL=server.base_url,
            MOBIUS_PROJECT="demo",
            MOBIUS_API_KEY=server.key,
        ) as product,
    ):
        print("polling, beside the guide-only server", flush=True)
        token = server.state.token_of("user_rina")
        state = server.state

        def start(message: str) -> str:
            return state.run_that_asks(message=message)

        def answer(run_id: str) -> None:
            state.respond(state.question_of(run_id), {"value": True}, token)

        # Beside a row that is there already, a new one waits behind the bar.
        start("Nobody answers this?")
        page = sign_in(browser, product, PASSWORD)
        page.locator(".row").wait_for()
        run_page = measure(page, start, answer, samples)
        count(server, "two pages open")
        run_page.close()
        page.context.close()
        time.sleep(SLOW_DOWN)
        count(server, "no page open")


def streaming(browser: Browser, folder: Path, samples: int) -> None:
    with serving(folder, "embedded") as product, product.api() as api:
        print("streaming, with the embedded engine", flush=True)

        def start(message: str) -> str:
            return ask(api, message, timeout="5m")

        def answer(run_id: str) -> None:
            (item,) = api.get("/interactions", params={"run_id": run_id}).json()["items"]
            sent = api.post(f"/interactions/{item['id']}/respond", json={"value": True})
            sent.raise_for_status()

        measure(sign_in(browser, product, "demo"), start, answer, samples)


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        try:
            streaming(browser, Path(folder), samples)
            polling(browser, Path(folder), samples)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
