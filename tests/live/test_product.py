"""Streams of the whole product: signed in, behind every middleware, kept outside Django."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from reviewer_site.environment import ROOT
from tests.live.serving import Reader, following
from tests.support.browserless import Person
from tests.support.databases import environment
from tests.support.product import Product, ask

STREAMS = 200
SPARE = STREAMS // 4  # threads that the process starts when it first needs them


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("product")
    product = Product(folder, environment(folder, "live", installed=True))
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="module")
def rina(product: Product) -> Iterator[dict[str, str]]:
    person = Person(product.web, "rina")
    person.sign_in()
    yield person.cookies()
    person.close()


@pytest.fixture
def api(product: Product) -> Iterator[httpx.Client]:
    with product.api() as client:
        yield client


@asynccontextmanager
async def crowd(
    product: Product, cookies: dict[str, str], path: str, size: int
) -> AsyncIterator[list[Reader]]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with (
        httpx.AsyncClient(limits=limits, timeout=60, cookies=cookies) as client,
        AsyncExitStack() as stack,
    ):
        readers = await asyncio.gather(
            *(stack.enter_async_context(following(client, product.web + path)) for _ in range(size))
        )
        await asyncio.gather(*(reader.event("live") for reader in readers))
        yield readers


def threads(product: Product) -> int:
    lines = Path(f"/proc/{product.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Threads:"))


def answer(api: httpx.Client, item: str) -> None:
    api.post(f"/interactions/{item}/respond", json={"value": True}).raise_for_status()


async def mirrored(client: httpx.AsyncClient, web: str, page: str) -> None:
    """Wait until the mirror has what a page shows: the inbox's topic is published for each question
    to its reader."""
    async with asyncio.timeout(60), following(client, f"{web}/live/inbox/") as told:
        while (await client.get(web + page)).status_code == 404:
            await told.frame()


def question_of(api: httpx.Client, run_id: str) -> str:
    with api.stream("GET", f"/runs/{run_id}/events", params={"since": 0}) as events:
        for line in events.iter_lines():
            if "suspended" in line:
                break
    [item] = api.get("/interactions", params={"run_id": run_id}).json()["items"]
    return str(item["id"])


async def test_two_hundred_streams_cost_no_thread_and_all_hear_of_a_new_question(
    product: Product, rina: dict[str, str], api: httpx.Client
) -> None:
    async with crowd(product, rina, "/live/inbox/", 5):
        few = threads(product)
    async with crowd(product, rina, "/live/inbox/", STREAMS) as readers:
        assert threads(product) - few < SPARE
        ask(api, "Release 2.4?")
        await asyncio.gather(*(reader.event("inbox") for reader in readers))
        assert threads(product) - few < SPARE


async def test_one_stream_updates_the_list_the_question_and_its_run(
    product: Product, rina: dict[str, str], api: httpx.Client
) -> None:
    run_id = ask(api, "Pay the invoice?")
    item = question_of(api, run_id)
    async with httpx.AsyncClient(cookies=rina, timeout=60) as client:
        await mirrored(client, product.web, f"/interactions/{item}/")
    async with crowd(product, rina, f"/live/inbox/?item={item}", 1) as [reader]:
        answer(api, item)
        seen, shown = set(), ""
        while not (seen >= {"inbox", "item", "run"} and 'data-run-status="completed"' in shown):
            frame = await reader.frame()
            if "data" in frame:
                seen.add(frame.get("event", ""))
                shown = shown if "event" in frame else frame["data"]
        assert "Pay the invoice" not in shown
        assert "hx-" not in shown


async def test_a_run_s_stream_begins_with_the_run_as_it_is(
    product: Product, rina: dict[str, str], api: httpx.Client
) -> None:
    run_id = ask(api, "Publish?")
    question_of(api, run_id)
    async with httpx.AsyncClient(cookies=rina, timeout=60) as client:
        await mirrored(client, product.web, f"/runs/{run_id}/")
        async with following(client, f"{product.web}/live/runs/{run_id}/") as reader:
            frame = await reader.frame()
    assert f'data-run-id="{run_id}"' in frame["data"]


async def test_streams_end_soon_after_a_command_has_deactivated_the_account(
    product: Product,
) -> None:
    lee = Person(product.web, "lee")
    lee.sign_in()
    async with crowd(product, lee.cookies(), "/live/inbox/", 1) as [reader]:
        command = await asyncio.create_subprocess_exec(
            sys.executable,
            "manage.py",
            "deactivate_person",
            "lee",
            cwd=ROOT,
            env=product.environment,
        )
        assert await command.wait() == 0
        # Each stream's own check comes after 50 seconds.
        async with asyncio.timeout(30):
            await reader.event("ended")
    lee.close()


@pytest.mark.parametrize("path", ["/live/inbox/", "/live/runs/", "/live/runs/run_1/"])
def test_signed_out_viewers_get_a_401_and_no_redirect(product: Product, path: str) -> None:
    assert httpx.get(product.web + path, timeout=60).status_code == 401


def test_streams_of_other_peoples_questions_are_not_found(
    product: Product, rina: dict[str, str], api: httpx.Client
) -> None:
    run_id = ask(api, "Between us, Sam?", target={"type": "user", "id": "user_sam"})
    item = question_of(api, run_id)
    with httpx.Client(base_url=product.web, cookies=rina, timeout=60) as client:
        for path in (f"/live/inbox/?item={item}", f"/live/runs/{run_id}/", "/live/else/"):
            assert client.get(path).status_code == 404
        assert client.post("/live/inbox/").status_code in (403, 405)


def test_proxies_and_caches_leave_a_stream_alone(product: Product, rina: dict[str, str]) -> None:
    with httpx.Client(base_url=product.web, cookies=rina, timeout=60) as client:
        with client.stream("GET", "/live/inbox/") as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-accel-buffering"] == "no"
            assert "content-security-policy" in response.headers
        head = client.head("/live/inbox/")
    assert (head.status_code, head.content) == (200, b"")


async def test_streams_do_not_hold_up_the_end_of_the_process(
    product: Product, rina: dict[str, str]
) -> None:
    async with crowd(product, rina, "/live/inbox/", STREAMS) as readers:
        os.kill(product.pid, signal.SIGTERM)
        for reader in readers:
            with pytest.raises(EOFError):
                await reader.event("never")
        await asyncio.to_thread(product.wait)
    product.start()


async def test_the_streams_of_a_session_end_when_it_is_signed_out(product: Product) -> None:
    here, elsewhere = Person(product.web, "sam"), Person(product.web, "sam")
    for person in (here, elsewhere):
        person.sign_in()
    path = "/live/inbox/"
    async with (
        crowd(product, here.cookies(), path, 1) as [reader],
        crowd(product, elsewhere.cookies(), path, 1) as [other],
    ):
        here.sign_out()
        async with asyncio.timeout(30):
            await reader.event("ended")
        with product.api() as api:
            ask(api, "Still there?", target={"type": "user", "id": "user_sam"})
        await other.event("inbox")
    for person in (here, elsewhere):
        person.close()


async def test_the_streams_of_all_sessions_end_when_a_person_signs_out_everywhere(
    product: Product,
) -> None:
    here, elsewhere, rina = (Person(product.web, name) for name in ("sam", "sam", "rina"))
    people = (here, elsewhere, rina)
    for person in people:
        person.sign_in()
    async with AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(crowd(product, one.cookies(), "/live/inbox/", 1))
            for one in people
        ]
        assert here.post("/account/sessions/logout/").status_code == 303
        async with asyncio.timeout(30):
            for [reader] in readers[:2]:
                await reader.event("ended")
        with product.api() as api:
            ask(api, "Still there?", target={"type": "user", "id": "user_rina"})
        await readers[2][0].event("inbox")
    for person in people:
        person.close()
