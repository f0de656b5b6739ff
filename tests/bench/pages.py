"""How fast the long lists open: `python -m tests.bench.pages [items] [items] …`.

In a fresh database (SQLite, or that of DATABASE_URL) the mirror is told of so many questions that
wait, two thirds of them Rina's, and of two and a half times as many runs. Then each address is
asked for through the whole of Django, and beside it the same template is rendered from what the
page had read, by turns. Printed for each size, and each address: the number of rows it shows, the
median of both in milliseconds, their ratio, the growth since the first size at which it shows as
many rows, the page's least processor time and the number of queries. Last come *Done* with as many
closed questions, half of whose runs have failed, and the counts of saved views.
"""

import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import django

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "bench_pages")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.template.loader import render_to_string  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import (  # noqa: E402
    CaptureQueriesContext,
    setup_test_environment,
    teardown_test_environment,
)

from inbox.call_stack import OneChunkExecutor  # noqa: E402
from inbox.mirror import project  # noqa: E402
from inbox.mobius.types import Interaction, Run, RunStatus, Target, Wait  # noqa: E402
from inbox.models import Reviewer, SavedView, Upstream  # noqa: E402
from inbox.people.demo import CAST, make_demo  # noqa: E402
from tests.support.snapshots import NOON, RINA, answered, ask, group_ask, run  # noqa: E402

SIZES = [200, 20_000]
ROUNDS = 30
BACKEND = "inbox.people.backend.ReviewerBackend"
BATCH = 1_000
ZEBRAS = 90
WORKFLOWS = 40
WORDS = ("invoice", "release", "refund", "contract", "incident", "access", "campaign", "vendor")

INBOX = (
    "/inbox/",
    "/inbox/?q=invoice",
    "/inbox/?q=number+17",
    "/inbox/?q=zebra",
    "/inbox/?q=nothing+has+this",
    "/inbox/?type=review",
    "/inbox/?target=groups",
    "/inbox/?target=mine&type=input",
    "/inbox/?sort=newest",
    "/inbox/?sort=oldest",
    "/inbox/?sort=workflow",
    "/inbox/?sort=requester&group_by=due",
    "/inbox/?due=week&claimed=no",
    "/inbox/?workflow=workflow-7",
    "/inbox/?workflow=rare",
    "/inbox/?requester=user_nobody",
    "/inbox/?run=run_1",
    "/inbox/?target=grp_nobody",
    "/inbox/?claimed=others",
    "/inbox/?drafts=yes",
    "/inbox/filters/",
)
OWN_RUNS = ("/runs/", "/runs/?status=suspended", "/runs/?status=failed")
DONE = (
    "/inbox/?scope=done",
    "/inbox/?scope=done&failed=yes",
    "/inbox/?scope=done&failed=yes&sort=oldest",
    "/inbox/?scope=done&answer=approved&span=7",
    "/views/counts/",
)
MONITOR = (
    "/runs/",
    "/runs/?status=suspended&sort=longest",
    "/runs/?status=failed",
    "/runs/?workflow=workflow-7",
    "/runs/?workflow=rare&sort=longest",
    "/runs/?workflow=rare",
    "/runs/?person=user_rina",
    "/runs/?person=user_nobody",
    "/runs/?group=change-board",
    "/runs/?age=1d",
    "/runs/?q=workflow-7",
    "/runs/?q=nothing+has+this",
    "/runs/filters/",
)


def questions(count: int, now: datetime) -> Iterator[Interaction]:
    """What waits, each suspending a run of its own. As many are about a zebra at each size."""
    dice = Random(1)
    for number in range(count):
        asked = now - timedelta(minutes=dice.random() * 5_000)
        fields: dict[str, Any] = {
            "type": ("approval", "review", "input")[number % 3],
            "message": f"# {dice.choice(WORDS).title()} number {number}\n\n"
            + ("The zebra. " if number < ZEBRAS else "")
            + "Please look. " * 20,
            "run_id": f"run_{number}",
            "created_at": asked,
            "updated_at": asked,
            "expires_at": now + timedelta(minutes=dice.random() * 9_000) if number % 2 else None,
        }
        if number % 3 == 2:
            yield group_ask(f"int_{number}", **fields)
        else:
            person = "user_rina" if number % 3 else "user_sam"
            yield ask(f"int_{number}", target=Target(type="user", id=person), **fields)


def runs(count: int, waiting: int, now: datetime) -> Iterator[Run]:
    """The runs that the questions suspend, and others in every status."""
    dice = Random(2)
    for number in range(count):
        begun = now - timedelta(minutes=dice.random() * 20_000)
        status = RunStatus.SUSPENDED
        wait = Wait(interaction_ids=(f"int_{number}",))
        if number >= waiting:
            others = (RunStatus.COMPLETED, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.RUNNING)
            status, wait = others[number % 4], Wait()
        over = status in (RunStatus.COMPLETED, RunStatus.FAILED)
        yield run(
            f"run_{number}",
            workflow="rare" if number % 9_973 == 5 else f"workflow-{dice.randrange(WORKFLOWS)}",
            status=status,
            wait=wait,
            created_at=begun,
            started_at=begun,
            updated_at=begun,
            completed_at=begun if over else None,
        )


def fill(items: int) -> None:
    """An empty mirror is told of everything."""
    upstream, now = Upstream.present(), datetime.now(UTC)
    things = [*questions(items, now), *runs(items * 5 // 2, items, now)]
    for start in range(0, len(things), BATCH):
        project.apply(upstream, things[start : start + BATCH], read_at=now)
    vacuum()


def vacuum() -> None:
    """Do at once what PostgreSQL does by itself soon after many rows have been written."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def close(items: int) -> None:
    """Rina has answered so many questions; every second run has failed afterwards."""
    upstream, now = Upstream.present(), datetime.now(UTC)
    for start in range(0, items, BATCH):
        things: list[Interaction | Run] = []
        for number in range(start, min(start + BATCH, items)):
            asked = now - timedelta(minutes=20 + number)
            over = asked + timedelta(minutes=10)
            item = ask(f"old_{number}", run_id=f"past_{number}", created_at=asked)
            minutes = (asked - NOON) / timedelta(minutes=1)
            done = answered(item, RINA, minutes)
            status = RunStatus.FAILED if number % 2 else RunStatus.COMPLETED
            times = {"created_at": asked, "updated_at": over, "completed_at": over}
            things += [done, run(f"past_{number}", status=status, **times)]
        project.apply(upstream, things, read_at=now)
    vacuum()


def save_views(user: Any) -> None:
    """Ten views of different filters."""
    for number, path in enumerate(INBOX[1:11]):
        SavedView.objects.get_or_create(
            owner=user, page="inbox", name=f"View {number}", query=path.partition("?")[2]
        )


def queries(user: Any, path: str) -> int:
    """How many queries the page takes."""
    client = Client()
    client.force_login(user, backend=BACKEND)
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    return len(asked)


def measure(user: Any, path: str) -> tuple[int, float, float, float]:
    """How many rows the page shows; the medians of the page and of its template alone, and the
    page's least processor time, in seconds. Everything runs in one thread such as those of the
    product's pages.
    """
    client = Client()
    client.force_login(user, backend=BACKEND)
    setup_test_environment()
    seen: Any = client.get(path)
    teardown_test_environment()
    assert seen.status_code == 200, seen.status_code
    rows = len(re.findall(r'class="row-with|<tr role="row" id="run-', seen.content.decode()))
    template = seen.templates[0].name
    context: dict[str, Any] = {}
    # A page that renders one template has one context, others a list of them.
    layers = seen.context if isinstance(seen.context, list) else [seen.context]
    for layer in reversed(layers):
        context |= layer.flatten()
    pages, memory, own = [], [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        render_to_string(template, context, seen.wsgi_request)
        memory.append(time.perf_counter() - began)
        began, used = time.perf_counter(), time.process_time()
        client.get(path)
        pages.append(time.perf_counter() - began)
        own.append(time.process_time() - used)
    return rows, statistics.median(pages), statistics.median(memory), min(own)


def main(sizes: list[int]) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    first: dict[tuple[Any, str, int], float] = {}
    for items in sizes:
        call_command("migrate", verbosity=0)
        Upstream.objects.all().delete()
        make_demo(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
        began = time.perf_counter()
        fill(items)
        print(
            f"{connection.vendor}: {items:,} questions, {items * 5 // 2:,} runs, "
            f"told in {time.perf_counter() - began:.0f} s"
        )
        for username, paths in (
            ("rina", INBOX),
            ("rina", OWN_RUNS),
            ("tess", MONITOR),
            ("rina", DONE),
        ):
            user = Reviewer.objects.get(user__username=username).user
            if paths is DONE:
                close(items)
                save_views(user)
            for path in paths:
                rows, page, memory, own = measure(user, path)
                growth = page / first.setdefault((username, path, rows), page)
                print(
                    f"  {username} {path:42} {rows:2} rows {page * 1e3:6.1f} ms, "
                    f"from memory {memory * 1e3:5.1f} ms: {page / memory:4.2f}; "
                    f"growth {growth:4.2f}; CPU {own * 1e3:5.1f} ms; "
                    f"{queries(user, path)} queries",
                    flush=True,
                )


if __name__ == "__main__":
    with FOLDER, OneChunkExecutor(1, "page") as thread:
        thread.submit(main, [int(one) for one in sys.argv[1:]] or SIZES).result()
