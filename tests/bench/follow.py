"""`python -m tests.bench.follow [samples]`: how far a browser is behind the engine, from the
event's timestamp to the change in an inbox or a run's page.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product, ask

WATCH = """
([selector, gone]) => new Promise((resolve) => {
  const seen = () => {
    const there = document.querySelector(selector) !== null;
    if (there === gone) return false;
    resolve(Date.now());
    return true;
  };
  if (seen()) return;
  const observer = new MutationObserver(() => seen() && observer.disconnect());
  observer.observe(document.body, {subtree: true, childList: true, attributes: true});
})
"""

STREAMING = """
window.streaming = new Promise((resolve) => document.addEventListener(
  "htmx:sse:after:connection", () => resolve(true), {once: true}));
"""


def frames(api: httpx.Client, run_id: str) -> Iterator[dict[str, Any]]:
    """The run's log; the seed before it, the run as it is now, has no number."""
    with api.stream("GET", f"/runs/{run_id}/events", params={"since": "0"}) as stream:
        logged = False
        for line in stream.iter_lines():
            logged = bool(line) and (logged or line.startswith("id:"))
            if logged and line.startswith("data:"):
                yield json.loads(line.removeprefix("data:"))


def moment(frame: dict[str, Any]) -> float:
    return datetime.fromisoformat(frame["timestamp"]).timestamp() * 1000


def inbox(browser: Browser, product: Product) -> Page:
    page = browser.new_context(base_url=product.web).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Name").fill("rina")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/inbox/**")
    return page


def watch(page: Page, name: str, selector: str, *, gone: bool = False) -> None:
    page.evaluate(f"(given) => {{ window.{name} = ({WATCH})(given) }}", [selector, gone])


def one(api: httpx.Client, pages: list[Page], run_page: Page) -> dict[str, list[float]]:
    run_id = ask(api, f"Sample {time.monotonic_ns()}?", timeout="5m")
    bar = "#show-arrivals"
    for page in pages:
        watch(page, "came", bar)
    created = next(f for f in frames(api, run_id) if f["type"] == "interaction_created")
    came = [page.evaluate("window.came") - moment(created) for page in pages]
    run_page.goto(f"/runs/{run_id}/")
    run_page.evaluate("window.streaming")
    for page in pages:
        watch(page, "left", bar, gone=True)
    watch(run_page, "ended", "[data-run-status='completed']")
    item = created["data"]["id"]
    api.post(f"/interactions/{item}/respond", json={"value": True}).raise_for_status()
    for frame in frames(api, run_id):
        if frame["type"] == "interaction_completed":
            answered = moment(frame)
        if frame["type"] == "run_updated" and frame["data"]["status"] == "completed":
            completed = moment(frame)
            break
    return {
        "the bar says so": came,
        "the bar goes": [page.evaluate("window.left") - answered for page in pages],
        "the run's page says completed": [run_page.evaluate("window.ended") - completed],
    }


def main() -> None:
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        product = Product(Path(folder), environment(Path(folder), "bench"))
        product.start()
        browser = chromium.launch(playwright)
        try:
            pages = [inbox(browser, product) for _ in range(2)]
            run_page = pages[0].context.new_page()
            run_page.add_init_script(STREAMING)
            found: dict[str, list[float]] = {}
            with product.api() as api:
                for _ in range(samples):
                    for what, took in one(api, pages, run_page).items():
                        found.setdefault(what, []).extend(took)
            for what, took in found.items():
                print(
                    f"{what}: median {statistics.median(took):.0f} ms, "
                    f"max {max(took):.0f} ms, n={len(took)}"
                )
        finally:
            browser.close()
            product.stop()


if __name__ == "__main__":
    main()
