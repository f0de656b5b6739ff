"""`python -m tests.bench.insights [closed questions] [workflows]`: how fast *Insights* of a year
opens.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import Any

import django

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "bench_insights")
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from inbox.mirror.tally import Tallies, facts  # noqa: E402
from inbox.models import Interaction, Reviewer, Tally, Upstream  # noqa: E402
from inbox.models.answers import answers_to  # noqa: E402
from inbox.people.demo import CAST, make_demo  # noqa: E402

CLOSED = 500_000
OPEN = 20_000
BATCH = 20_000
PEOPLE = [f"user_{number:02}" for number in range(40)]
GROUPS = [(f"grp_{number}", PEOPLE[number * 5 : number * 5 + 5]) for number in range(8)]


def rows(upstream: Any, count: int, workflows: int, now: datetime, *, done: bool) -> Iterator[Any]:
    dice = Random(1)
    for number in range(count):
        back = (364 if done else 2) * (1 - number / count)
        created = now - timedelta(days=back)
        workflow = dice.randrange(workflows)
        grouped = workflow % 3 == 0
        group, members = GROUPS[workflow % len(GROUPS)]
        person = dice.choice(PEOPLE)
        took = timedelta(seconds=dice.lognormvariate(7, 1.4))
        row = Interaction(
            upstream=upstream,
            mobius_id=f"int_{done}_{number}",
            type=("approval", "review", "input")[workflow % 3],
            status=("expired" if dice.random() < 0.05 else "completed") if done else "pending",
            target_type="group" if grouped else "user",
            target_id=group if grouped else person,
            group_id=group if grouped else None,
            members=members if grouped else None,
            value=dice.random() < 0.8,
            title=f"Question {number}",
            workflow=f"workflow-{workflow}",
            created_at=created,
            updated_at=created + took,
            completed_at=created + took if done else None,
            expires_at=None if done else now + timedelta(hours=dice.random() * 60),
        )
        if done and row.status == "completed":
            who = dice.choice(members) if grouped else person
            at = (created + took).isoformat()
            answers = answers_to({}, row.value)
            response = {"user_id": who, "answers": answers, "comment": None, "at": at, "round": 0}
            row.responses = [response]
            if grouped:
                row.claimed_by, row.claimed_at = who, created + took / 3
        row.state = row.status
        row.counted = facts(row, None)
        yield row


def fill(count: int, workflows: int) -> None:
    upstream, now = Upstream.current(), datetime.now(UTC)
    closed = rows(upstream, count, workflows, now, done=True)
    waiting = rows(upstream, OPEN, workflows, now, done=False)
    everything = chain(closed, waiting)
    while part := list(islice(everything, BATCH)):
        tallies = Tallies()
        for row in part:
            tallies.add(row)
        with transaction.atomic():
            tallies.write(upstream)
            Interaction.objects.bulk_create(part, batch_size=500)


def measure(path: str) -> None:
    client = Client()
    backend = "inbox.people.backend.ReviewerBackend"
    client.force_login(Reviewer.objects.get(user__username="tess").user, backend=backend)
    took = []
    for _ in range(10):
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            answer = client.get(path)
            took.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.status_code
    kilobytes = len(answer.content) // 1024
    print(
        f"{path}: median {statistics.median(took):.3f} s, worst {max(took):.3f} s, "
        f"{len(queries)} queries, {kilobytes} kB"
    )


def main(count: int, workflows: int) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    make_demo(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})
    began = time.perf_counter()
    fill(count, workflows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    questions = Tally.objects.filter(person="").count()
    print(
        f"{connection.vendor}: {count:,} closed questions in {questions:,} tallies, "
        f"{Tally.objects.count() - questions:,} more of people; "
        f"made in {time.perf_counter() - began:.0f} s"
    )
    for path in (
        "/insights/?span=365",
        f"/insights/?span=365&person={PEOPLE[3]}",
        "/insights/?span=365&workflow=workflow-3",
        "/insights/?span=30",
        "/insights/flow.csv?span=365",
    ):
        measure(path)


if __name__ == "__main__":
    with FOLDER:
        numbers = [int(one) for one in sys.argv[1:3]]
        main(*(numbers + [CLOSED, 30][len(numbers) :]))
