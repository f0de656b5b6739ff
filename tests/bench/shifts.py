"""`python -m tests.bench.shifts [minutes]`: layout shifts of open pages while questions come and
go. It prints which elements moved. The aim is 0.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from reviewer_site.environment import ROOT
from tests.support import chromium
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product, ask, interaction_of

MINUTES = 10.0
PAUSE_S = 2.0
FEW = 10
"""Questions that are always left."""
SHOWN = "Left open, and looked at?"
VERBS = ["ask", "answer", "cancel", "claim", "release"]
TARGETS = [{"type": "user", "id": "user_rina"}, {"type": "group", "id": "approvers"}]
SCREENS = {"desktop": (1440, 900), "phone": (390, 844)}

WATCH = """
window.shifts = [];
const named = ({ node, previousRect: was, currentRect: is }) =>
  `by ${is.x - was.x}, ${is.y - was.y}: ${(node?.outerHTML ?? String(node?.data)).slice(0, 90)}`;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const moved = entry.sources.map(named);
    window.shifts.push({ value: entry.value, at: entry.startTime, moved });
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else MINUTES
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        product = Product(Path(name), environment(Path(name), "shifts"))
        product.start()
        browser = chromium.launch(playwright)
        traffic = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "demo", "--traffic", "--seed", "1"],
            cwd=ROOT,
            env=product.environment,
        )
        try:
            with product.api() as api:
                lee = Person(product.web, "lee")
                lee.sign_in()
                pages = opened(browser, product, api)
                done = act(api, lee, list(pages.values()), minutes)
            report(pages, done)
        finally:
            traffic.send_signal(signal.SIGINT)
            traffic.wait(20)
            browser.close()
            product.stop()


def opened(browser: Browser, product: Product, api: httpx.Client) -> dict[str, Page]:
    shown = interaction_of(api, ask(api, SHOWN, timeout="2h", context={"amount": "€120"}))
    steps = [{"name": f"wait {n}", "sleep": {"duration": "20s"}} for n in range(30)]
    started = api.post("/runs", json={"spec": {"name": "slow", "steps": steps}})
    run = started.raise_for_status().json()["id"]
    paths = {
        "rina": {
            "inbox": "/inbox/",
            "question": f"/interactions/{shown['id']}/",
            "question's run": f"/runs/{shown['run_id']}/",
        },
        "tess": {"runs": "/runs/", "blocked": "/runs/blocked/", "run": f"/runs/{run}/"},
    }
    pages = {}
    for screen, (width, height) in SCREENS.items():
        for person, addresses in paths.items():
            context = browser.new_context(
                base_url=product.web, viewport={"width": width, "height": height}
            )
            context.add_init_script(WATCH)
            page = context.new_page()
            page.goto("/accounts/login/")
            page.locator("[name=username]").fill(person)
            page.locator("[name=password]").fill("demo")
            page.locator(".login [type=submit]").click()
            page.wait_for_url("**/inbox/**")
            page.close()
            for name, path in addresses.items():
                page = pages[f"{name}, {screen}"] = context.new_page()
                page.goto(path)
    return pages


def act(api: httpx.Client, lee: Person, pages: list[Page], minutes: float) -> "Counter[str]":
    chance = random.Random(1)
    done: Counter[str] = Counter()
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        found = api.get("/interactions", params={"status": "pending", "limit": 100}).json()
        others = [item for item in found["items"] if item["message"] != SHOWN]
        verb = chance.choice(VERBS if len(others) > FEW else ["ask"])
        done[verb] += 1
        one = chance.choice(others)
        if verb == "ask":
            target = chance.choice(TARGETS)
            ask(api, f"Asked meanwhile, {sum(done.values())}?", timeout="5m", target=target)
        elif verb == "cancel":
            api.post(f"/runs/{one['run_id']}/cancellations")
        else:
            group = [item["id"] for item in others if item["target"]["type"] == "group"]
            if group:
                act_as(lee, chance.choice(group), verb)
        # Meanwhile the pages receive their events.
        pages[0].wait_for_timeout(PAUSE_S * 1000)
    return done


def act_as(person: Person, item: str, verb: str) -> None:
    """Claim, release or answer a group's question; what takes no plain yes stays as it is."""
    if verb != "answer":
        person.post(f"/interactions/{item}/{verb}")
    elif "data-guard" in person.get(f"/interactions/{item}/").text:
        person.respond(item, person.form(item), value="true")


def report(pages: dict[str, Page], done: "Counter[str]") -> None:
    print(", ".join(f"{verb} {count}" for verb, count in sorted(done.items())))
    for name, page in pages.items():
        shifts = page.evaluate("window.shifts")
        live = page.locator("html[data-live=on]").count() == 1
        total = sum(shift["value"] for shift in shifts)
        print(f"{name:24} {total:.4f} in {len(shifts)} shifts{'' if live else ', NOT LIVE'}")
        for shift in shifts[:8]:
            print(f"    {shift['value']:.4f} after {shift['at'] / 1000:.1f} s: {shift['moved']}")


if __name__ == "__main__":
    main()
