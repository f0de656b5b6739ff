"""`python -m tests.bench.acknowledge [answers]`: how soon a reviewer sees that an answer was taken,
in milliseconds from her click.
"""

import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.bench.follow import inbox
from tests.e2e.arrivals import arrived
from tests.support import chromium
from tests.support.databases import environment
from tests.support.pages import ARMED, GUARD_MS
from tests.support.product import Product, ask

WATCH = """
() => {
  performance.clearResourceTimings();
  window.shown = new Promise((resolve) => {
    let clicked = 0;
    const press = () => { clicked = performance.now(); };
    document.addEventListener("click", press, {capture: true, once: true});
    new MutationObserver((_, observer) => {
      if (!clicked || !document.querySelector(".toast")) return;
      observer.disconnect();
      const requests = performance.getEntriesByType("resource")
        .filter((entry) => entry.startTime >= clicked && entry.initiatorType === "fetch")
        .filter((entry) => /interactions|inbox/.test(entry.name) && !/live/.test(entry.name))
        .slice(0, 2)
        .map((entry) => [entry.startTime - clicked, entry.responseEnd - clicked]);
      resolve({requests, shown: performance.now() - clicked});
    }).observe(document.body, {subtree: true, childList: true});
  });
}
"""


def main(answers: int) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        product = Product(Path(folder), environment(Path(folder), "bench_acknowledge"))
        product.start()
        browser = chromium.launch(playwright)
        try:
            page = inbox(browser, product)
            seen: dict[str, list[float]] = defaultdict(list)
            with product.api() as api:
                for number in range(answers):
                    ask(api, f"Sample {number}?", timeout="9m")
                    arrived(page, f"Sample {number}?")
                    page.locator(".row", has_text=f"Sample {number}?").first.click()
                    page.get_by_role("heading", name=f"Sample {number}?").wait_for()
                    page.wait_for_timeout(GUARD_MS + 20)
                    page.locator("#answer").get_by_role("button", name="Approve").click()
                    page.wait_for_timeout(GUARD_MS + 20)
                    page.evaluate(WATCH)
                    page.locator(f"{ARMED} [data-confirms]").click()
                    found = page.evaluate("window.shown")
                    for nth, (sent, answered) in enumerate(found["requests"], 1):
                        seen[f"request {nth} sent"].append(sent)
                        seen[f"request {nth} answered"].append(answered)
                    seen["outcome shown"].append(found["shown"])
                    page.goto("/inbox/")
            for name, values in seen.items():
                print(f"{name:20} {statistics.median(values):6.0f}  worst {max(values):6.0f}")
        finally:
            browser.close()
            product.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
