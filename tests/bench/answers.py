"""`python -m tests.bench.answers [answers]`: an answer through its page beside the bare POST, of
standalone questions and of questions of runs, in milliseconds.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.support.browserless import Person
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product, ask, question

FIRST = 5
"""Answers that warm up both ways and are not counted."""

WAITING = 30
"""Other questions that wait for her throughout."""


def standalone(api: httpx.Client, message: str) -> str:
    made = api.post("/interactions", json=question(message)).raise_for_status().json()
    return str(made["id"])


def of_a_run(api: httpx.Client, message: str) -> str:
    run_id = ask(api, message)
    while True:
        run: dict[str, Any] = api.get(f"/runs/{run_id}").raise_for_status().json()
        if run["status"] == "suspended":
            return str(run["wait_summary"]["interaction_ids"][0])


def timed(work: Callable[[], httpx.Response], expected: int) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    answer = work()
    took = time.perf_counter() - began
    assert answer.status_code == expected, (answer.status_code, answer.text[:300])
    return took * 1e3


class Rina:
    def __init__(self, product: Product, api: httpx.Client) -> None:
        self._token = enter(product, {"rina": "user_rina"})["rina"]["token"]
        self._api = api
        self._page = Person(product.web, "rina")
        self._page.sign_in()

    def through_page(self, item: str) -> tuple[float, float]:
        path = f"/interactions/{item}/"
        while self._page.get(path).status_code == 404:
            """Not in the mirror yet."""
        fields = self._page.form(item)
        opening = timed(lambda: self._page.get(path), 200)
        return opening, timed(lambda: self._page.respond(item, fields, value="true"), 303)

    def bare(self, item: str) -> float:
        path, token = f"/interactions/{item}/respond", {"Authorization": f"Bearer {self._token}"}
        return timed(lambda: self._api.post(path, json={"value": True}, headers=token), 200)

    def leave(self) -> None:
        self._page.close()


def main(answers: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        product = Product(Path(folder), environment(Path(folder), "bench_answers"))
        product.start()
        try:
            with product.api() as api:
                rina = Rina(product, api)
                for number in range(WAITING):
                    standalone(api, f"Waiting {number}?")
                for what, make in (("standalone", standalone), ("of a run", of_a_run)):
                    opened, page, bare = [], [], []
                    for number in range(answers + FIRST):
                        opening, answer = rina.through_page(make(api, f"Page {number}?"))
                        opened.append(opening)
                        page.append(answer)
                        bare.append(rina.bare(make(api, f"Wire {number}?")))
                    report(what, opened[FIRST:], page[FIRST:], bare[FIRST:])
                rina.leave()
        finally:
            product.stop()


def report(what: str, opened: list[float], page: list[float], bare: list[float]) -> None:
    opening, through, alone = map(statistics.median, (opened, page, bare))
    print(
        f"{what}: through the page median {through:.1f} ms, max {max(page):.0f}; "
        f"bare median {alone:.1f} ms, max {max(bare):.0f}; beyond it {through - alone:.1f} ms, "
        f"{(through - alone) / opening:.2f} of opening it ({opening:.1f} ms)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
