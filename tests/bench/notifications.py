"""`python -m tests.bench.notifications [QUESTIONS] [GROUP_QUESTIONS]`: how soon messages arrive,
and how often a group is interrupted, with 1,000 people who want everything at once.

The first questions are asked one after the other, each of another person and about a workflow with
two group channels of its own; a row for each channel says how long its messages took from the
request that asked. Then as many questions as wished are asked of a group of 200; the last lines say
how often its members were interrupted, once the ten minutes are over after which further messages
become one. Emails wait for ``NOTIFY_EMAIL_AFTER`` there.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx

from tests.support.cluster import until
from tests.support.crowd import enter
from tests.support.databases import environment
from tests.support.product import Product, question
from tests.support.receivers import CHANNELS, Receivers

PEOPLE, MEMBERS = 1000, 200
QUESTIONS, GROUP_QUESTIONS = 200, 1000
SETTLED = 12 * 60
"""Seconds: the pause after the fifth message, and the wait of an email within it."""


def main() -> None:
    questions, of_group = [int(word) for word in sys.argv[1:]] or [QUESTIONS, GROUP_QUESTIONS]
    people = {f"member{n:04}": f"user_member{n:04}" for n in range(PEOPLE)}
    members = list(people.values())[:MEMBERS]
    group = {"handle": "crowd", "name": "Crowd", "members": members}
    with tempfile.TemporaryDirectory() as folder, Receivers() as receivers:
        os.environ["DATA_DIR"] = folder
        product = start(Path(folder) / "soon", receivers, {})
        enter(product, dict(people), [group])
        receivers.reach(product, people, workflows=[f"flow{n}" for n in range(questions)])
        with product.api() as api:
            latencies(api, receivers, list(people.values()), questions)
        product.stop()
        product.environment.pop("NOTIFY_EMAIL_AFTER")
        product.start()
        with product.api() as api:
            interruptions(api, receivers, of_group)
        product.stop()


def start(folder: Path, receivers: Receivers, settings: dict[str, str]) -> Product:
    product = Product(folder, environment(folder, "bench") | receivers.settings | settings)
    product.start()
    return product


def latencies(api: httpx.Client, receivers: Receivers, people: list[str], count: int) -> None:
    begun = {}
    for n in range(count):
        title = f"Question {n:04}?"
        begun[title] = time.monotonic()
        ask(api, f"flow{n}", title, type="user", id=people[n])
    until(lambda: all(len(receivers.about(title)) == len(CHANNELS) for title in begun))
    sys.stdout.write("| channel | median | p99 |\n|---|---|---|\n")
    for channel in CHANNELS:
        took = [receivers.about(title)[channel][0].at - at for title, at in begun.items()]
        p99 = quantiles(took, n=100)[-1]
        sys.stdout.write(f"| {channel} | {median(took):.2f} s | {p99:.2f} s |\n")
    sys.stdout.flush()


def interruptions(api: httpx.Client, receivers: Receivers, count: int) -> None:
    receivers.copies.clear()
    began = time.monotonic()
    for n in range(count):
        ask(api, "crowd", f"Group question {n:04}?", type="group", id="crowd")
    sys.stdout.write(f"{count} questions were asked in {time.monotonic() - began:.0f} s.\n")
    sys.stdout.flush()
    time.sleep(max(0.0, began + SETTLED - time.monotonic()))
    copies = list(receivers.copies)
    for channel in ("email", "push"):
        each = Counter(copy.to for copy in copies if copy.channel == channel)
        most = max(each.values(), default=0)
        sys.stdout.write(f"{channel}: {len(each)} people, at most {most} messages each.\n")
    both = Counter(copy.to.partition("@")[0] for copy in copies)
    sys.stdout.write(f"In all, at most {max(both.values(), default=0)} interruptions each.\n")


def ask(api: httpx.Client, workflow: str, title: str, **target: Any) -> None:
    asked = {**question(title, target=target), "timeout": "5h"}
    spec = {"name": workflow, "steps": [{"name": "ask", "interaction": asked}]}
    api.post("/runs", json={"spec": spec}).raise_for_status()


if __name__ == "__main__":
    main()
