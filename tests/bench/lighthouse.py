"""Lighthouse's scores of the inbox, a question and a run: `python -m tests.bench.lighthouse`.

It starts the product with its demo and prints, for a desktop and for a phone, the median of five
runs in each category and of the blocking time, and what cost points. On a busy machine, most of the
blocking time is waiting for a processor; the last column counts the CPU time of the page's tasks
instead. Lighthouse simulates a phone by slowing the machine down by a constant factor; its own
benchmark of the machine is printed too (a fast desktop has 1,500 to 2,000). `--page question` and
`--screen phone` measure only that page or screen. Needs Chromium, and Node with `npx`, which
fetches Lighthouse; `--lighthouse PATH` runs one that is installed already.
"""

import argparse
import json
import socket
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import BrowserContext, sync_playwright

from tests.support import chromium
from tests.support.databases import environment
from tests.support.product import Product

CATEGORIES = ("performance", "accessibility", "best-practices")
SCREENS = ("desktop", "phone")
RUNS = 5
ATTEMPTS = 3
"""Now and then the trace lacks the navigation, and Lighthouse asks to be run again."""
VERSION = "12"
"""The last that runs on Node 20."""
LOADED_MS = 12_000
"""Lighthouse waits until nothing is being fetched, which is never so: a page's stream stays open.

It would give up after 45 s. By then, a page has long been doing nothing.
"""
LONG_MS = 50
"""What a task takes beyond this blocks the page."""


def report(command: list[str], url: str, port: int, preset: str, folder: Path) -> dict[str, Any]:
    """One run of Lighthouse in the browser at that debugging port, as JSON."""
    flags = [
        "--quiet",
        "--output=json",
        f"--output-path={folder / 'report.json'}",
        "--save-assets",
        f"--port={port}",
        f"--max-wait-for-load={LOADED_MS}",
        "--disable-storage-reset",
        f"--only-categories={','.join(CATEGORIES)}",
    ]
    if preset == "desktop":
        flags.append("--preset=desktop")
    for left in reversed(range(ATTEMPTS)):
        run = subprocess.run([*command, url, *flags], stdout=subprocess.DEVNULL, check=not left)
        if run.returncode == 0:
            break
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    slower = found["configSettings"]["throttling"]["cpuSlowdownMultiplier"]
    events = json.loads((folder / "report-0.trace.json").read_text())["traceEvents"]
    return {**found, "cpu": blocking(events, slower)}


def blocking(events: list[dict[str, Any]], slower: float) -> float:
    """The blocking time that a page's tasks would cause by their CPU time alone, in ms."""
    painted = next(each for each in reversed(events) if each["name"] == "firstContentfulPaint")
    tasks = (
        slower * each["tdur"] / 1000
        for each in events
        if (each["name"], each["ph"]) == ("RunTask", "X")
        and (each["pid"], each["tid"]) == (painted["pid"], painted["tid"])
        and each["ts"] + each["dur"] > painted["ts"]
    )
    return sum(max(0, took - LONG_MS) for took in tasks)


def lost(reports: list[dict[str, Any]]) -> list[str]:
    """Audits that cost points in every run, each with its value in the last."""
    weighed = {
        reference["id"]
        for category in reports[0]["categories"].values()
        for reference in category["auditRefs"]
        if reference["weight"]
    }
    return [
        f"{name}: {reports[-1]['audits'][name].get('displayValue', 'failed')}"
        for name in sorted(weighed)
        if all((run["audits"][name]["score"] or 0) < 0.9 for run in reports)
        and reports[-1]["audits"][name]["score"] is not None
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lighthouse", help="the path of an installed Lighthouse")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--page", choices=("inbox", "question", "run"))
    parser.add_argument("--screen", choices=SCREENS)
    arguments = parser.parse_args()
    command = (
        [arguments.lighthouse] if arguments.lighthouse else ["npx", "-y", f"lighthouse@{VERSION}"]
    )
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        product = Product(folder, environment(folder, "lighthouse"))
        product.start()

        def browser(port: int = 0) -> BrowserContext:
            return playwright.chromium.launch_persistent_context(
                folder / "profile",
                executable_path=chromium.PATH,
                base_url=product.web,
                args=[*chromium.ARGUMENTS, f"--remote-debugging-port={port}"],
            )

        def reports(url: str, screen: str) -> list[dict[str, Any]]:
            """Each in a browser of its own: one that is reused clears up the page before first."""
            found = []
            for _ in range(arguments.runs):
                port = free_port()
                with browser(port):
                    found.append(report(command, url, port, screen, folder))
            return found

        try:
            with browser() as context:
                page = context.new_page()
                page.goto("/accounts/login/")
                page.get_by_label("Name").fill("rina")
                page.get_by_label("Password").fill("demo")
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url("**/inbox/**")
            with product.api() as api:
                item = api.get("/interactions", params={"status": "pending"}).json()["items"][0]
            pages = {
                "inbox": f"{product.web}/inbox/",
                "question": f"{product.web}/interactions/{item['id']}/",
                "run": f"{product.web}/runs/{item['run_id']}/",
            }
            if arguments.page:
                pages = {arguments.page: pages[arguments.page]}
            measure(pages, (arguments.screen,) if arguments.screen else SCREENS, reports)
        finally:
            product.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def measure(
    pages: dict[str, str],
    screens: Sequence[str],
    reports_of: Callable[[str, str], list[dict[str, Any]]],
) -> None:
    figures = (*CATEGORIES, "blocking, ms", "of CPU time", "machine")
    print(f"{'page':10} {'screen':8} " + " ".join(f"{name:>14}" for name in figures))
    for page, url in pages.items():
        for screen in screens:
            reports = reports_of(url, screen)
            medians = [
                *(
                    median(100 * run["categories"][name]["score"] for run in reports)
                    for name in CATEGORIES
                ),
                median(run["audits"]["total-blocking-time"]["numericValue"] for run in reports),
                median(run["cpu"] for run in reports),
                median(run["environment"]["benchmarkIndex"] for run in reports),
            ]
            print(f"{page:10} {screen:8} " + " ".join(f"{each:14.0f}" for each in medians))
            for line in lost(reports):
                print(f"           {line}")


if __name__ == "__main__":
    main()
