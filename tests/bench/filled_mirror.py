"""A mirror with many questions. Importing this sets Django up with a fresh database, named after
the program's first argument. ``FOLDER`` has its data and is to be removed at the end.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import django

from tests.support.databases import environment

FOLDER = tempfile.TemporaryDirectory()
os.environ |= environment(Path(FOLDER.name), "_".join(["bench", *sys.argv[1:2]]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from inbox.mirror import project  # noqa: E402
from inbox.mobius.types import Interaction, Run, RunStatus, Target, Wait  # noqa: E402
from inbox.models import Reviewer, Upstream  # noqa: E402
from inbox.people.demo import CAST, make_demo  # noqa: E402
from tests.support.snapshots import NOON, RINA, answered, ask, group_ask, run  # noqa: E402

BACKEND = "inbox.people.backend.ReviewerBackend"
BATCH = 1_000
ZEBRAS = 90
WORKFLOWS = 40
WORDS = ("invoice", "release", "refund", "contract", "incident", "access", "campaign", "vendor")


def install() -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("migrate", verbosity=0)
    make_demo(tokens={one.mobius_id: f"mbc_{one.mobius_id}_{'0' * 24}" for one in CAST})


def signed_in(username: str) -> Client:
    client = Client()
    user = Reviewer.objects.get(user__username=username).user
    client.force_login(user, backend=BACKEND)
    return client


def questions(count: int, now: datetime) -> Iterator[Interaction]:
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
    upstream, now = Upstream.current(), datetime.now(UTC)
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
    upstream, now = Upstream.current(), datetime.now(UTC)
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
