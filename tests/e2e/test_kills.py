import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reviewer_site.environment import ROOT
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product, ask

ROUNDS = 2
QUESTIONS = 6

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path, environment(tmp_path, "kills", installed=True))
    product.start()
    yield product
    product.stop()


def strike(product: Product, victim: str) -> None:
    if victim in ("engine", "both"):
        engine = product.engine_pid()
        os.kill(engine, signal.SIGKILL)
    if victim in ("web", "both"):
        os.kill(product.pid, signal.SIGKILL)
    product.wait()
    product.start()


def decisions(product: Product) -> dict[str, list[dict[str, str]]]:
    printed = subprocess.run(
        [
            sys.executable,
            str(ROOT / "manage.py"),
            "shell",
            "--no-imports",
            "-c",
            "import json; from inbox.models import Decision;"
            "print(json.dumps(list(Decision.objects.filter(verb='respond')"
            ".values('interaction_id', 'credential_kind'))))",
        ],
        cwd=ROOT,
        env=product.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, list[dict[str, str]]] = {}
    for row in json.loads(printed):
        found.setdefault(row["interaction_id"], []).append(row)
    return found


def events_of(api: httpx.Client, run_id: str) -> list[dict[str, object]]:
    logged = []
    with api.stream("GET", f"/runs/{run_id}/events", params={"since": "0"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("id:"):
                logged.append({"id": int(line.removeprefix("id:"))})
            elif line.startswith("data:"):
                frame = json.loads(line.removeprefix("data:"))
                if logged and frame["seq"] == logged[-1]["id"]:
                    logged[-1] |= frame
                    if frame["type"] == "run_updated" and frame["data"]["status"] == "completed":
                        break
    return logged


@pytest.mark.parametrize("victim", ["engine", "web", "both"])
def test_a_kill_in_the_middle_of_answers_loses_and_doubles_nothing(
    product: Product, victim: str
) -> None:
    chance = random.Random(victim)
    rina = Person(product.web, "rina")
    rina.sign_in()
    answered: dict[str, str] = {}
    for round_number in range(ROUNDS):
        with product.api() as api:
            runs = [ask(api, f"Round {round_number}, question {n}?") for n in range(QUESTIONS)]
            items = pending_of(api, runs)
        forms = {item: await_form(rina, item) for item in items}
        answered |= dict(zip(items, runs, strict=True))
        go = threading.Barrier(QUESTIONS + 1)

        def send(item: str, forms: dict[str, dict[str, str]], go: threading.Barrier) -> None:
            go.wait()
            try:
                rina.respond(item, forms[item], value="true", comment=f"Comment on {item}")
            except httpx.TransportError:
                # The web process died under the request: the person sees an error and tries again.
                return

        threads = [threading.Thread(target=send, args=(item, forms, go)) for item in items]
        for thread in threads:
            thread.start()
        go.wait()
        # Somewhere in the middle: the moment is what is tried out, so it is drawn, not awaited.
        threading.Event().wait(chance.uniform(0.0, 0.15))
        strike(product, victim)
        for thread in threads:
            thread.join()
        rina.web = product.web
        for item in items:
            # The same form again, as a reloaded page or a second press would send it.
            rina.respond(item, forms[item], value="true", comment=f"Comment on {item}")
    rina.close()

    with product.api() as api:
        for item, run in answered.items():
            interaction = api.get(f"/interactions/{item}").json()
            assert interaction["status"] == "completed"
            assert interaction["response"]["value"] is True
            assert interaction["response"]["comment"] == f"Comment on {item}"
            log = events_of(api, run)
            numbers = [entry["id"] for entry in log]
            assert numbers == sorted(set(numbers))
            completed = [e for e in log if e["type"] == "interaction_completed"]
            assert len(completed) == 1
    # Each once, and as an answer given here: not as one that was only seen upstream.
    log_here = decisions(product)
    for item in answered:
        assert [entry["credential_kind"] for entry in log_here[item]] == ["member"]


def pending_of(api: httpx.Client, runs: list[str]) -> list[str]:
    items = []
    for run in runs:
        with api.stream("GET", f"/runs/{run}/events", params={"since": "0"}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    frame = json.loads(line.removeprefix("data:"))
                    if frame["type"] == "interaction_created":
                        items.append(str(frame["data"]["id"]))
                        break
    return items


def await_form(person: Person, item: str) -> dict[str, str]:
    """The item's form, once the mirror has it: the inbox's own stream tells when to look."""
    with person.stream("/live/inbox/") as told:
        while person.get(f"/interactions/{item}/").status_code != 200:
            assert next(told, None) is not None, f"{item} never reached the inbox"
    return person.form(item)
