"""Streams over real HTTP: what a reader gets, when, and that slow readers delay no one."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from itertools import count
from typing import Any

import pytest

from inbox.live import topics
from inbox.live.bus import MemoryBus
from inbox.live.connection import Subscription
from inbox.live.hub import SLOTS, Hub
from tests.live.serving import Served, following, many

RUN = topics.run("run_1")
ITEM = topics.item("int_1")
INBOX = topics.inbox("user_rina")

Serve = Callable[..., Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(
            render: Callable[[str], str | None] = lambda topic: None, **options: Any
        ) -> Served:
            return stack.enter_context(Served(render, **options))

        yield start


def address(served: Served, *names: str, **fields: str) -> str:
    pairs = [f"topic={name}" for name in names] + [f"{k}={v}" for k, v in fields.items()]
    return f"{served.url}/?{'&'.join(pairs)}"


async def test_the_first_frame_has_the_position_and_the_delay_before_reconnecting(
    serve: Serve,
) -> None:
    served = serve()
    async with many() as client:
        retries = set()
        for _ in range(5):
            async with following(client, address(served, INBOX)) as rina:
                hello = await rina.frame()
                assert hello["event"] == "live"
                assert hello["id"] == served.hub.cursor()
                assert "data" in hello  # htmx reads ``retry`` nowhere else
                retries.add(int(hello["retry"]))
    assert len(retries) > 1
    assert all(500 <= retry <= 3000 for retry in retries)


async def test_a_stream_gets_notifications_of_its_own_topics_only(serve: Serve) -> None:
    served = serve()
    async with many() as client, following(client, address(served, INBOX, ITEM)) as rina:
        await rina.event("live")
        served.bus.publish([topics.inbox("user_sam"), topics.item("int_2")])
        served.bus.publish([INBOX])
        assert await rina.names("inbox") == ["inbox"]
        served.bus.publish([ITEM, topics.run("run_2")])
        fields = await rina.frame()
        assert fields["event"] == "item"


async def test_a_personal_notification_names_all_questions_that_changed(serve: Serve) -> None:
    served = serve()
    async with many() as client, following(client, address(served, INBOX)) as rina:
        await rina.event("live")
        served.bus.publish({INBOX: frozenset({"int_1"})})
        assert data_of(await rina.event("inbox")) == {"within": 0, "changed": ["int_1"]}
        served.bus.publish({INBOX: frozenset(f"int_{n}" for n in range(21))})
        assert data_of(await rina.event("inbox")) == {"within": 0}


async def test_a_missed_notification_names_no_questions(
    serve: Serve,
) -> None:
    served = serve()
    page = served.hub.cursor()
    async with many() as client:
        async with following(client, address(served, INBOX)) as rina:
            await rina.event("live")
            served.bus.publish({INBOX: frozenset({"int_1"})})
            await rina.event("inbox")
        async with following(client, address(served, INBOX, since=page)) as late:
            assert data_of(await late.event("inbox")) == {"within": 0}


async def test_a_shared_notification_names_no_question(serve: Serve) -> None:
    served = serve()
    async with many() as client, following(client, address(served, ITEM, topics.runs())) as rina:
        await rina.event("live")
        served.bus.publish({ITEM: frozenset({"int_1"}), topics.runs(): frozenset({"int_1"})})
        assert data_of(await rina.event("item")) == {"within": 0}
        assert data_of(await rina.event("runs")) == {"within": 0}


async def test_the_more_streams_an_event_has_the_longer_pages_may_wait(serve: Serve) -> None:
    served = serve()
    inboxes = [topics.inbox(f"user_{n}") for n in range(30)]
    async with many() as client, AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(following(client, address(served, inbox, ITEM)))
            for inbox in inboxes
        ]
        await asyncio.gather(*(reader.event("live") for reader in readers))
        served.bus.publish(dict.fromkeys(inboxes, frozenset({"int_1"})))
        assert {data_of(await reader.event("inbox"))["within"] for reader in readers} == {290}
        served.bus.publish([ITEM])
        assert {data_of(await reader.event("item"))["within"] for reader in readers} == {29 * 40}


async def test_a_freshness_frame_has_everything_and_needs_no_fetch(serve: Serve) -> None:
    served = serve(render=lambda topic: "<p>Live</p>")
    asked = address(served, topics.freshness(), INBOX)
    async with many() as client, following(client, asked) as rina:
        assert await rina.names("live") == ["live"]
        served.bus.publish([topics.freshness()])
        assert (await rina.event(""))["data"] == "<p>Live</p>"
        served.bus.publish([INBOX])
        assert await rina.names("inbox") == ["inbox"]


def data_of(frame: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(frame["data"])
    return said


async def test_a_message_reaches_two_hundred_readers(serve: Serve) -> None:
    served = serve()
    async with many() as client, AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(following(client, address(served, INBOX)))
            for _ in range(200)
        ]
        await asyncio.gather(*(reader.event("live") for reader in readers))
        served.bus.publish([INBOX])
        frames = await asyncio.gather(*(reader.event("inbox") for reader in readers))
    assert len({frame["id"] for frame in frames}) == 1


async def test_an_idle_stream_has_one_task_the_servers_own(serve: Serve) -> None:
    """``send`` returns without suspending, so that writing costs no task: uvicorn keeps to that."""
    served = serve()
    idle = served.tasks()
    async with many() as client, AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(following(client, address(served, INBOX)))
            for _ in range(20)
        ]
        await asyncio.gather(*(reader.event("live") for reader in readers))
        served.bus.publish([INBOX])
        await asyncio.gather(*(reader.event("inbox") for reader in readers))
        assert served.tasks() == idle + 20


async def test_a_quiet_stream_sends_keep_alives(serve: Serve) -> None:
    served = serve(keep_alive=0.1)
    async with many() as client, following(client, address(served, INBOX)) as rina:
        await rina.event("live")
        await rina.event("alive")
        await rina.event("alive")


async def test_a_page_gets_what_changed_since_it_was_rendered(serve: Serve) -> None:
    served = serve()
    before = served.hub.cursor()
    async with many() as client:
        async with following(client, address(served, INBOX, ITEM)) as first:
            await first.event("live")
            served.bus.publish([ITEM])
            await first.event("item")
        async with following(client, address(served, INBOX, ITEM, since=before)) as late:
            assert await late.names("live") == ["item", "live"]
        now = served.hub.cursor()
        async with following(client, address(served, INBOX, ITEM, since=now)) as current:
            assert await current.names("live") == ["live"]


async def test_a_reader_that_comes_back_gets_what_it_missed_once_a_topic(serve: Serve) -> None:
    served = serve()
    async with many() as client:
        page = served.hub.cursor()
        async with following(client, address(served, INBOX, ITEM, since=page)) as rina:
            await rina.event("live")
            served.bus.publish([ITEM])
            await rina.event("item")
        async with following(client, address(served, INBOX)) as other:
            await other.event("live")
            for _ in range(3):
                served.bus.publish([INBOX])
                await other.event("inbox")
        back = {"headers": {"Last-Event-ID": rina.last_id}}
        async with following(client, address(served, INBOX, ITEM, since=page), **back) as again:
            assert await again.names("live") == ["inbox", "live"]


@pytest.mark.parametrize("cursor", ["00000000-5", "nonsense", "-", "{epoch}-99999", "{epoch}-²"])
async def test_a_cursor_that_is_not_of_this_start_brings_resync(serve: Serve, cursor: str) -> None:
    served = serve()
    epoch = served.hub.cursor().partition("-")[0]
    asked = address(served, INBOX, since=cursor.format(epoch=epoch))
    async with many() as client, following(client, asked) as rina:
        assert await rina.names("live") == ["resync", "live"]


async def test_after_a_restart_the_last_frames_cursor_counts_and_the_pages_no_longer(
    serve: Serve,
) -> None:
    served = serve()
    asked = address(served, INBOX, since="0badcafe-7")
    async with many() as client:
        async with following(client, asked) as rina:
            assert await rina.names("live") == ["resync", "live"]
        async with following(client, asked, headers={"Last-Event-ID": rina.last_id}) as again:
            assert await again.names("live") == ["live"]


async def test_a_reader_that_was_away_too_long_gets_a_resync(serve: Serve) -> None:
    served = serve(size=2)
    page = served.hub.cursor()
    async with many() as client:
        async with following(
            client, address(served, *(topics.item(f"int_{n}") for n in range(3)))
        ) as sam:
            await sam.event("live")
            for n in range(3):
                served.bus.publish([topics.item(f"int_{n}")])
                await sam.event("item")
        async with following(client, address(served, topics.item("int_2"), since=page)) as rina:
            assert await rina.names("live") == ["resync", "live"]


async def test_a_run_is_sent_at_once_and_with_each_change_before_the_notification(
    serve: Serve,
) -> None:
    states = iter(["<b>suspended</b>\n<i>1 of 2</i>", "<b>running</b>", "<b>completed</b>"])
    served = serve(render=lambda topic: next(states))
    async with many() as client, following(client, address(served, RUN)) as rina:
        assert (await rina.frame())["data"] == "<b>suspended</b>\n<i>1 of 2</i>"
        assert (await rina.frame())["event"] == "live"
        served.bus.publish([RUN])
        fragment = await rina.frame()
        assert fragment["data"] == "<b>running</b>"
        assert "event" not in fragment
        event = await rina.frame()
        assert (event["event"], event["id"]) == ("run", fragment["id"])


async def test_a_fragment_is_rendered_once_for_all_who_watch(serve: Serve) -> None:
    drawn = count(1)
    served = serve(render=lambda topic: f"<b>{next(drawn)}</b>")
    async with many() as client, AsyncExitStack() as stack:
        readers = await asyncio.gather(
            *(stack.enter_async_context(following(client, address(served, RUN))) for _ in range(30))
        )
        first = await asyncio.gather(*(reader.event("") for reader in readers))
        served.bus.publish([RUN])
        second = await asyncio.gather(*(reader.event("") for reader in readers))
    assert {frame["data"] for frame in first} == {"<b>1</b>"}
    assert {frame["data"] for frame in second} == {"<b>2</b>"}


async def test_a_run_that_was_not_watched_is_shown_as_it_is_now(serve: Serve) -> None:
    drawn = count(1)
    served = serve(render=lambda topic: f"<b>{next(drawn)}</b>")
    async with many() as client:
        for expected in ("<b>1</b>", "<b>2</b>"):
            async with following(client, address(served, RUN)) as rina:
                assert (await rina.frame())["data"] == expected
            await _until(lambda: not len(served.hub))


async def test_the_runs_that_were_opened_last_come_first(serve: Serve) -> None:
    served = serve()
    async with many() as client, AsyncExitStack() as stack:
        readers = []
        for opened in ("run_1", "run_2", "run_3", "run_1"):
            url = address(served, topics.run(opened))
            readers.append(await stack.enter_async_context(following(client, url)))
            await readers[-1].event("live")
        assert served.hub.watched_runs() == ["run_1", "run_3", "run_2"]


async def test_intermediate_states_may_be_skipped_but_never_the_newest(
    serve: Serve,
) -> None:
    newest, published = [0], threading.Event()
    published.set()

    def render(topic: str) -> str:
        state = newest[0]
        published.wait(60)
        return f"<b>{state}</b>"

    served = serve(render=render)
    async with many() as client, following(client, address(served, RUN)) as rina:
        await rina.event("live")
        published.clear()
        for newest[0] in range(1, 101):
            served.bus.publish([RUN])
        published.set()
        frames = []
        while not frames or frames[-1] != "<b>100</b>":
            frames.append((await rina.event(""))["data"])
    assert len(frames) < 100


async def test_a_notification_is_sent_even_if_its_fragment_cannot_be_rendered(serve: Serve) -> None:
    def render(topic: str) -> str:
        raise LookupError("no such template")

    served = serve(render=render)
    async with many() as client, following(client, address(served, RUN)) as rina:
        assert await rina.names("live") == ["live"]
        served.bus.publish([RUN])
        assert await rina.names("run") == ["run"]


async def test_lost_access_ends_the_stream_for_good(serve: Serve) -> None:
    served = serve(recheck=0.1)
    async with (
        many() as client,
        following(client, address(served, INBOX, name="rina")) as rina,
        following(client, address(served, INBOX, name="sam")) as sam,
    ):
        await rina.event("live")
        await sam.event("live")
        served.rights.taken.add("rina")
        await rina.event("ended")
        with pytest.raises(EOFError):
            await rina.frame()
        served.bus.publish([INBOX])
        await sam.event("inbox")


async def test_the_streams_of_a_sign_in_that_is_over_end_before_their_turn(serve: Serve) -> None:
    asked: list[set[str]] = []

    def lost(rights: set[str]) -> set[str]:
        asked.append(rights)
        if len(asked) == 1:
            raise ConnectionError("the database is away")
        return rights & {"sam"}

    served = serve(lost_sign_ins=lost, sign_ins=0.1)
    async with (
        many() as client,
        following(client, address(served, INBOX, name="rina")) as rina,
        following(client, address(served, INBOX, name="sam")) as sam,
    ):
        await rina.event("live")
        await sam.event("ended")
        with pytest.raises(EOFError):
            await sam.frame()
        served.bus.publish([INBOX])
        await rina.event("inbox")
    assert {"rina", "sam"} in asked


async def test_a_right_that_cannot_be_checked_twice_ends_the_stream_but_not_for_good(
    serve: Serve,
) -> None:
    served = serve(recheck=0.1)
    async with many() as client, following(client, address(served, INBOX)) as rina:
        await rina.event("live")
        served.rights.failing = 2
        with pytest.raises(EOFError):
            await rina.event("ended")


async def test_a_right_that_cannot_be_checked_ends_no_other_stream(serve: Serve) -> None:
    served = serve(recheck=0.1)
    async with (
        many() as client,
        AsyncExitStack() as streams,
    ):
        names = [str(number) for number in range(2 * SLOTS)]
        readers = [
            await streams.enter_async_context(following(client, address(served, INBOX, name=name)))
            for name in names
        ]
        for reader in readers:
            await reader.event("live")
        served.rights.broken = {"0"}
        with pytest.raises(EOFError):
            await readers[0].event("ended")
        served.bus.publish([INBOX])
        for reader in readers[1:]:
            await reader.event("inbox")


async def test_a_right_that_could_not_be_checked_once_keeps_the_stream(serve: Serve) -> None:
    served = serve(recheck=0.1)
    async with many() as client, following(client, address(served, INBOX)) as rina:
        await rina.event("live")
        for _ in range(2):
            served.rights.failing = 1
            await _until(lambda: not served.rights.failing)
            served.rights.succeeded = 0
            await _until(lambda: served.rights.succeeded > 0)
        served.bus.publish([INBOX])
        await rina.event("inbox")


async def test_a_reader_that_leaves_is_forgotten(serve: Serve) -> None:
    served = serve()
    async with many() as client, following(client, address(served, INBOX)) as rina:
        await rina.event("live")
        assert len(served.hub) == 1
        left = served.hub
    await _until(lambda: not len(left))


async def test_closing_ends_every_stream_at_once(serve: Serve) -> None:
    served = serve()
    async with many() as client, AsyncExitStack() as stack:
        readers = [
            await stack.enter_async_context(following(client, address(served, INBOX)))
            for _ in range(50)
        ]
        await asyncio.gather(*(reader.event("live") for reader in readers))
        served.on_loop(served.hub.stop())
        for reader in readers:
            with pytest.raises(EOFError):
                await reader.frame()


async def test_a_slow_reader_delays_no_one_uses_no_memory_and_gets_the_newest(
    serve: Serve,
) -> None:
    page = "x" * 50_000
    newest = [0]
    served = serve(render=lambda topic: f"<b>{newest[0]}</b>{page}")
    async with many() as client, following(client, address(served, RUN, INBOX)) as rina:
        await rina.event("live")
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            slow.connect(("127.0.0.1", int(served.url.rpartition(":")[2])))
            slow.sendall(f"GET /?topic={RUN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await _until(lambda: len(served.hub) == 2)
            idle = served.tasks()
            for newest[0] in range(1, 101):
                served.bus.publish([RUN])
                assert (await rina.event(""))["data"].startswith(f"<b>{newest[0]}</b>")
            assert served.tasks() == idle + 1  # the slow one's own
            got = await asyncio.to_thread(_read_until, slow, b"<b>100</b>")
    assert got < 100 * len(page) / 4


def _read_until(slow: socket.socket, end: bytes) -> int:
    slow.settimeout(60)
    got, tail = 0, b""
    while end not in tail:
        data = slow.recv(65536)
        got, tail = got + len(data), tail[-len(end) :] + data
    return got


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what is awaited is in another thread
            await asyncio.sleep(0.01)


class Stalled:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.gate = asyncio.Event()
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        await self.gate.wait()
        self.sent.append(message["body"])

    async def receive(self) -> dict[str, str]:
        await self.left.wait()
        return {"type": "http.disconnect"}


async def test_a_server_whose_send_suspends_is_served_by_a_task() -> None:
    bus, server = MemoryBus(), Stalled()
    hub = Hub(bus=bus, keep_alive=3600)
    hub.start(lambda topic: None)
    stream = asyncio.create_task(
        hub.serve(Subscription((INBOX, ITEM), right=None), server.receive, server.send)
    )
    await _until(lambda: len(hub) == 1)
    for _ in range(3):
        bus.publish([INBOX, ITEM])
        await asyncio.sleep(0.02)
    server.gate.set()
    await _until(lambda: len(server.sent) == 2)
    assert server.sent[0].startswith(b"event: live")
    assert server.sent[1].count(b"event: ") == 2  # one a topic, joined in one write
    server.left.set()
    await stream
    await hub.stop()
