"""Which generation of the API the installation uses: chosen once, and changed with care."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from inbox.mirror.api_choice import ApiChanged, ApiChoice
from inbox.mirror.freshness import SyncStatus
from inbox.mirror.polling import PollIntervals
from inbox.mirror.project import apply
from inbox.mirror.session import Intervals
from inbox.mirror.sync import Sync
from inbox.mobius import MobiusClient
from inbox.mobius.adapters import ADAPTERS
from inbox.mobius.adapters.guide import GuideAdapter
from inbox.mobius.generations import Found
from inbox.mobius.types import Generation
from inbox.models import Decision, Interaction, Upstream
from inbox.people.clients import current_client
from reviewer_site.environment import ROOT
from tests.mirror.keeping import QUICK
from tests.mobius.conftest import interaction
from tests.support.scripted_server import CutAfterRead, Reply, ScriptedServer
from tests.support.snapshots import ask

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

IN_PROJECT = "^/v1/projects/production/interactions$"
WITHOUT_PROJECT = "^/v1/interactions$"


class WithoutProject(GuideAdapter):
    """The guide's questions at C's path."""

    def root(self, base_url: str, project: str) -> str:
        return f"{base_url}/v1"


@pytest.fixture
def server(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    monkeypatch.setitem(ADAPTERS, Generation.C, WithoutProject())
    with ScriptedServer() as server:
        settings.EMBEDDED = False
        settings.MOBIUS_BASE_URL = settings.MOBIUS_IDENTITY = server.base_url
        settings.MOBIUS_PROJECT, settings.MOBIUS_API_KEY = "production", "mbx_1"
        yield server


def has(server: ScriptedServer, path: str, *items: dict[str, Any]) -> None:
    server.forget()
    server.on("GET", path, Reply(200, {"items": items}), always=True)


@sync_to_async
def current() -> Upstream:
    return Upstream.current()


async def look(choice: ApiChoice) -> bool:
    """Whether another API was chosen."""
    try:
        await choice.look(await current_client(), await current())
    except ApiChanged:
        return True
    return False


async def test_the_first_choice_takes_effect_at_once(server: ScriptedServer) -> None:
    choice, first = ApiChoice(), await current()
    assert choice.is_open(first)
    has(server, IN_PROJECT, interaction())
    assert not await look(choice)
    upstream = await current()
    assert (upstream.pk, upstream.generation) == (first.pk, "a")
    assert upstream.found_by == "GET /v1/projects/production/interactions"
    assert not choice.is_open(upstream)


@pytest.mark.parametrize("read", [False, True])
async def test_the_first_choice_may_be_another_generation(
    server: ScriptedServer, read: bool
) -> None:
    first = await current()
    if read:
        await sync_to_async(apply)(first, [ask("int_old")], read_at=timezone.now())
    has(server, WITHOUT_PROJECT)
    assert await look(ApiChoice())
    upstream = await current()
    assert upstream.generation == "c"
    assert (await current_client()).generation is Generation.C
    # What was set up before stays, unless the upstream has questions that were read as A's.
    assert (upstream.pk == first.pk) is not read


async def test_a_change_takes_two_equal_probes(server: ScriptedServer) -> None:
    choice = ApiChoice(between=0)
    has(server, IN_PROJECT, interaction())
    await look(choice)
    has(server, WITHOUT_PROJECT)
    assert not await look(choice)
    has(server, IN_PROJECT, interaction())
    assert not await look(choice)
    has(server, WITHOUT_PROJECT)
    assert not await look(choice)
    assert (await current()).generation == "a"
    assert await look(choice)
    assert (await current()).generation == "c"
    entry = await Decision.objects.aget()
    assert (entry.verb, entry.value) == (
        "api_changed",
        {"before": "a", "after": "c", "by": "GET /v1/interactions"},
    )


async def test_the_two_probes_are_a_minute_apart(server: ScriptedServer) -> None:
    await sync_to_async(Upstream.choose)(Found(Generation.A, "GET /v1/projects/production/groups"))
    choice = ApiChoice()
    has(server, WITHOUT_PROJECT)
    assert not await look(choice)
    assert choice.due_in is not None
    assert 50 < choice.due_in <= 60
    asked = len(server.requests)
    assert not await look(choice)
    assert len(server.requests) == asked


@pytest.mark.parametrize("reply", [Reply(401), Reply(503), Reply(429), CutAfterRead()])
async def test_a_response_that_tells_nothing_leaves_the_choice(
    server: ScriptedServer, reply: Any
) -> None:
    await sync_to_async(Upstream.choose)(Found(Generation.C, "GET /v1/interactions"))
    server.on("GET", "", reply, always=True)
    choice = ApiChoice(between=0)
    assert not await look(choice)
    assert not await look(choice)
    assert (await current()).generation == "c"


async def test_without_a_project_nothing_else_than_c_is_chosen(
    server: ScriptedServer, settings: Any
) -> None:
    settings.MOBIUS_PROJECT = ""
    choice = ApiChoice()
    assert not await look(choice)
    assert choice.is_open(await current())
    has(server, WITHOUT_PROJECT)
    assert not await look(choice)
    upstream = await current()
    assert (upstream.generation, choice.is_open(upstream)) == ("c", False)


async def test_the_setting_overrides_the_choice(server: ScriptedServer, settings: Any) -> None:
    await sync_to_async(Upstream.choose)(Found(Generation.A, "GET /v1/projects/production/groups"))
    settings.MOBIUS_API = "c"
    assert (await current()).generation == "c"
    assert not ApiChoice.is_open(await current())
    assert not await look(ApiChoice())
    assert not server.requests
    settings.MOBIUS_API = "auto"
    assert (await current()).generation == "a"


def test_a_change_back_finds_what_was_left(server: ScriptedServer) -> None:
    first = Upstream.choose(Found(Generation.A, "GET /v1/projects/production/groups"))
    second = Upstream.choose(Found(Generation.C, "GET /v1/interactions"))
    assert Upstream.current() == second
    assert second.former == first
    again = Upstream.choose(Found(Generation.A, "GET /v1/projects/production/groups"))
    assert (again.pk, Upstream.current().pk) == (first.pk, first.pk)


@asynccontextmanager
async def syncing(server: ScriptedServer, generation: Generation) -> AsyncIterator[Any]:
    polls = PollIntervals(watched=0.05, idle=0.05)
    intervals = Intervals(offers=0.1, blind=0.1, refused=0.1, polls=polls)
    async with MobiusClient(
        base_url=server.base_url,
        project="production",
        token="mbx_1",
        generation=generation,
        backoff=QUICK,
    ) as client:
        sync = Sync(
            client,
            choice=ApiChoice(between=0),
            sync_status=SyncStatus(),
            intervals=intervals,
            backoff=QUICK,
        )
        task = asyncio.create_task(sync.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_the_sync_ends_with_a_change_and_the_next_one_fills_another_upstream(
    server: ScriptedServer,
) -> None:
    has(server, IN_PROJECT, interaction("int_old"))
    async with syncing(server, Generation.A) as task:
        await asyncio.to_thread(server.wait_for, "GET", IN_PROJECT, 5)
        has(server, WITHOUT_PROJECT, interaction("int_new"))
        async with asyncio.timeout(60):
            assert await task is None
    assert (await current()).generation == "c"
    async with syncing(server, Generation.C), asyncio.timeout(60):
        while not await Interaction.objects.filter(mobius_id="int_new").aexists():
            polls = len(server.seen("GET", WITHOUT_PROJECT))
            await asyncio.to_thread(server.wait_for, "GET", WITHOUT_PROJECT, polls + 1)
    rows = Interaction.objects.values_list("mobius_id", "upstream__generation")
    assert {row async for row in rows} == {("int_old", "a"), ("int_new", "c")}


READER = """
import django
django.setup()
from inbox.models import Upstream
print(Upstream.current().generation, flush=True)
input()
print(Upstream.current().generation, flush=True)
"""


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_another_process_reads_the_choice_from_the_database(tmp_path: Path) -> None:
    here = connection.settings_dict
    server = f"postgres://{here['USER']}:{here['PASSWORD']}@{here['HOST']}:{here['PORT']}"
    address = "sqlite://" if connection.vendor == "sqlite" else server
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "reviewer_site.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"{address}/{here['NAME']}",
    }
    Upstream.choose(Found(Generation.A, "GET /v1/projects/demo/interactions"))
    with subprocess.Popen(
        [sys.executable, "-c", READER],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "a\n"
        Upstream.choose(Found(Generation.C, "GET /v1/interactions"))
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "c\n"
