import asyncio
from collections.abc import Callable
from threading import get_ident
from typing import Any

from asgiref.sync import sync_to_async

from inbox.lib.page_slots import PageSlots, Slots, locked, release_slot
from inbox.lib.request_body import RequestBodies


class Requests:
    """Requests to an application whose every page does ``work``, behind ``slots``."""

    def __init__(self, work: Callable[[str], Any], slots: int = 1) -> None:
        self.inside: list[str] = []
        self.left: list[str] = []
        self._work = work
        self._application = RequestBodies(PageSlots(self._page, Slots(slots)))
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def _page(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        self.inside.append(path)
        await self._work(path)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        self.left.append(path)

    async def begin(self, path: str, *messages: dict[str, Any]) -> asyncio.Task[None]:
        parts = list(messages or [{"type": "http.request"}])

        async def receive() -> dict[str, Any]:
            if not parts:
                await asyncio.Event().wait()
            return parts.pop(0)

        async def send(message: Any) -> None:
            return None

        scope = {"type": "http", "path": path}
        task = asyncio.create_task(self._application(scope, receive, send))
        self._tasks[path] = task
        for _ in range(5):
            await asyncio.sleep(0)
        return task

    async def cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def test_the_next_page_begins_when_the_one_before_it_is_ready() -> None:
    ready = asyncio.Event()
    requests = Requests(lambda path: ready.wait())
    await requests.begin("/first")
    await requests.begin("/second")
    await requests.begin("/healthz")
    assert requests.inside == ["/first", "/healthz"]
    ready.set()
    await (await requests.begin("/third"))
    assert requests.left == ["/first", "/healthz", "/second", "/third"]


async def test_pages_take_precedence_over_all_but_one_background_fetch() -> None:
    ready = asyncio.Event()
    requests = Requests(lambda path: ready.wait())
    await requests.begin("/first")
    for number in range(3):
        last = await requests.begin(f"/{number}/inbox/changes/")
    for number in range(2):
        await requests.begin(f"/page/{number}")
    ready.set()
    await last
    assert requests.left == [
        "/first",
        "/0/inbox/changes/",
        "/page/0",
        "/page/1",
        "/1/inbox/changes/",
        "/2/inbox/changes/",
    ]


async def test_one_slot_is_left_to_people() -> None:
    ready = asyncio.Event()
    requests = Requests(lambda path: ready.wait(), slots=2)
    await requests.begin("/0/inbox/changes/")
    await requests.begin("/1/inbox/changes/")
    await requests.begin("/page")
    assert requests.inside == ["/0/inbox/changes/", "/page"]
    ready.set()
    await (await requests.begin("/2/inbox/changes/"))
    assert sorted(requests.left) == [
        "/0/inbox/changes/",
        "/1/inbox/changes/",
        "/2/inbox/changes/",
        "/page",
    ]


async def test_a_fetch_that_is_given_up_lets_the_next_one_in() -> None:
    never = asyncio.Event()
    requests = Requests(lambda path: never.wait() if path.startswith("/0") else asyncio.sleep(0))
    hanging = await requests.begin("/0/inbox/changes/")
    queued = await requests.begin("/1/inbox/changes/")
    queued.cancel()
    hanging.cancel()
    await asyncio.gather(hanging, queued, return_exceptions=True)
    await (await requests.begin("/2/inbox/changes/"))
    assert requests.left == ["/2/inbox/changes/"]


async def test_a_body_that_is_still_coming_takes_no_slot() -> None:
    requests = Requests(lambda path: asyncio.sleep(0))
    await requests.begin("/slow", {"type": "http.request", "body": b"a", "more_body": True})
    await (await requests.begin("/page"))
    assert requests.inside == ["/page"]
    await requests.cancel()


async def test_a_page_that_waits_for_mobius_lets_others_in() -> None:
    answered = asyncio.Event()

    async def work(path: str) -> None:
        if path == "/answer":
            async with release_slot():
                await answered.wait()

    requests = Requests(work)
    answer = await requests.begin("/answer")
    await (await requests.begin("/page"))
    assert requests.left == ["/page"]
    answered.set()
    await answer
    await (await requests.begin("/next"))
    assert requests.left == ["/page", "/answer", "/next"]


async def test_requests_waiting_for_a_lock_do_not_block_its_holder() -> None:
    lock, answered = asyncio.Lock(), asyncio.Event()

    async def work(path: str) -> None:
        async with locked(lock), release_slot():
            await answered.wait()

    requests = Requests(work)
    first = await requests.begin("/first")
    second = await requests.begin("/second")
    answered.set()
    async with asyncio.timeout(60):
        await asyncio.gather(first, second)
    assert requests.left == ["/first", "/second"]


async def test_a_failed_or_abandoned_page_releases_its_slot() -> None:
    never = asyncio.Event()

    async def work(path: str) -> None:
        if path == "/breaks":
            raise RuntimeError(path)
        if path == "/hangs":
            await never.wait()

    requests = Requests(work)
    broken = await requests.begin("/breaks")
    assert isinstance(broken.exception(), RuntimeError)
    hanging = await requests.begin("/hangs")
    queued = await requests.begin("/queued")
    queued.cancel()
    hanging.cancel()
    await asyncio.gather(hanging, queued, return_exceptions=True)
    await (await requests.begin("/page"))
    assert requests.left == ["/page"]


async def test_requests_use_the_same_thread_again_and_none_waits_for_that_of_another() -> None:
    threads: dict[str, int] = {}
    asked, answered = asyncio.Event(), asyncio.Event()

    async def work(path: str) -> None:
        threads[path] = await sync_to_async(get_ident)()
        if path == "/answer":
            asked.set()
            async with release_slot():
                await answered.wait()

    requests = Requests(work)
    await (await requests.begin("/first"))
    await (await requests.begin("/second"))
    assert threads["/first"] == threads["/second"]
    answer = await requests.begin("/answer")
    await asked.wait()
    async with asyncio.timeout(60):
        await (await requests.begin("/third"))
    assert threads["/third"] != threads["/answer"]
    answered.set()
    await answer
