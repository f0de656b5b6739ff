import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.live.bus import get_bus
from inbox.mirror.freshness import Reason, Stage
from inbox.mirror.polling import PollIntervals
from inbox.mobius.bounded import Limits
from inbox.mobius.timing import Timeouts
from inbox.models import Event, Interaction, Recipient, Run, Upstream
from tests.fixtures_engine import Project
from tests.mirror.keeping import Kept, keeping
from tests.support.scripted_server import (
    CutAfterRead,
    Dribble,
    Half,
    Never,
    Reply,
    ScriptedServer,
    frame,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

REFUSED = Reply(401, {"error": {"code": "unauthorized", "message": "unknown token"}})
BUSY = Reply(429, {"error": {"code": "rate_limit_exceeded"}}, {"retry-after": "1"})
BROKEN = Reply(503, {"error": {"code": "service_unavailable", "message": "later"}})


@pytest.fixture
def between(project: Project) -> Iterator[ScriptedServer]:
    with ScriptedServer(upstream=project.base_url) as server:
        yield server


@pytest.fixture(autouse=True)
def here(settings: Any, project: Project, between: ScriptedServer) -> None:
    settings.MOBIUS_BASE_URL = between.base_url
    settings.MOBIUS_PROJECT = project.handle


@asynccontextmanager
async def kept(between: ScriptedServer, project: Project, **how: Any) -> AsyncIterator[Kept]:
    async with keeping(between.base_url, project.handle, project.service_key, **how) as mirror:
        yield mirror


async def ids() -> set[str]:
    rows = Interaction.objects.filter(deleted=False)
    return await sync_to_async(lambda: set(rows.values_list("mobius_id", flat=True)))()


def stage_and_reason(mirror: Kept) -> tuple[Stage, Reason | None]:
    fresh = mirror.sync_status.current()
    return fresh.stage, fresh.because and fresh.because.reason


async def says(mirror: Kept, what: Stage | Reason) -> None:
    async def is_told() -> bool:
        return what in stage_and_reason(mirror)

    await mirror.ears.until("freshness", is_told)


async def test_if_mobius_is_away_at_the_start_the_sync_waits_and_reports_it(
    between: ScriptedServer, project: Project
) -> None:
    question = project.ask()
    between.refuse()
    async with kept(between, project) as mirror:
        await says(mirror, Stage.NOT_REACHED)
        assert mirror.sync_status.current().state == "never"
        between.listen()
        await mirror.is_("live")
        assert await ids() == {question["id"]}


async def test_a_refused_key_is_named_and_tried_again(
    between: ScriptedServer, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    between.on("*", "", REFUSED, always=True)
    async with kept(between, project) as mirror:
        await says(mirror, Reason.KEY_REFUSED)
        between.forget()
        await mirror.is_("live")
    assert "Mobius doesn't accept the service key" in caplog.text
    assert project.service_key not in caplog.text


async def test_a_key_that_is_refused_later_is_named(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        between.on("*", "", REFUSED, always=True)
        await asyncio.to_thread(between.break_all)
        await says(mirror, Stage.NO_UPDATES)
        await says(mirror, Reason.KEY_REFUSED)


async def test_a_key_that_is_refused_while_the_stream_stays_open_is_named(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project, groups=0.2) as mirror:
        await mirror.is_("live")
        between.on("*", "", REFUSED, always=True)
        await says(mirror, Reason.KEY_REFUSED)
        assert mirror.sync_status.facts.connected
        assert mirror.sync_status.current().key_refused


async def test_it_recovers_from_rate_limits(between: ScriptedServer, project: Project) -> None:
    between.on("GET", r"/interactions$", *[BUSY] * 3)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
    _, first, second = between.seen("GET", r"/interactions$")[:3]
    assert first.query == second.query


@pytest.mark.parametrize(
    "answer", [BROKEN, Reply(200, "<html>"), Reply(200, {"items": 7}), CutAfterRead(), Half({})]
)
async def test_a_full_sync_that_breaks_off_is_repeated(
    between: ScriptedServer, project: Project, answer: Any
) -> None:
    question = project.ask()
    between.on("GET", r"/interactions$", *[answer] * 3)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert await ids() == {question["id"]}


async def test_an_unreadable_item_is_left_out_alone(
    between: ScriptedServer, project: Project
) -> None:
    good = project.ask()
    nonsense = {"items": [{"id": 7}, None, good], "has_more": False}
    between.on("GET", r"/interactions$", Reply(200, nonsense))
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert await ids() == {good["id"]}


async def test_unreadable_frames_are_skipped(between: ScriptedServer, project: Project) -> None:
    question = project.ask()
    between.on(
        "GET",
        "/runs/events$",
        Dribble(
            [
                "id: 0\n\n",
                "data: {not json\n\n",
                frame(4, "interaction_created", {"id": 5}),
                frame(5, "moon_rose", {"phase": "full"}),
                frame(6, "interaction_created", question | {"id": "int_frame"}),
            ],
        ),
        always=True,
    )
    async with kept(between, project) as mirror:
        await mirror.ears.rings("item:int_frame")
        kinds = await sync_to_async(lambda: list(Event.objects.values_list("seq", "kind")))()
        assert (5, "other") in kinds


async def test_a_silent_stream_is_broken(between: ScriptedServer, project: Project) -> None:
    between.on("GET", "/runs/events$", Dribble(["id: 0\n\n"]), Dribble(["id: 0\n\n"]), Never())
    timeouts = Timeouts(stream=0.5, opening=0.2)
    async with kept(between, project, timeouts=timeouts, probe=0.5) as mirror:
        await says(mirror, Stage.NO_UPDATES)
        question = await asyncio.to_thread(project.ask)
        await mirror.ears.rings(f"item:{question['id']}")


async def test_pages_stay_live_while_a_closed_stream_is_opened_again(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project, grace=60.0) as mirror:
        await mirror.is_("live")
        connections, since = len(between.requests), monotonic()
        await asyncio.to_thread(between.break_all)
        question = await asyncio.to_thread(project.ask)
        await mirror.ears.rings(f"item:{question['id']}", after=since)
        assert len(between.requests) > connections
        said = [topic for at, topic in mirror.ears.heard if at >= since and topic == "freshness"]
        assert (said, mirror.sync_status.current().state) == ([], "live")


@contextmanager
def never_paused(mirror: Kept) -> Iterator[None]:
    paused: list[datetime] = []

    def note(topics: Iterable[str]) -> None:
        if "freshness" in topics and mirror.sync_status.current().paused:
            paused.append(datetime.now(UTC))

    unsubscribe = get_bus().subscribe(note)
    yield
    unsubscribe()
    assert not paused


async def test_a_stream_that_closes_at_once_is_replaced_by_polls(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project, polls=PollIntervals(watched=0.1, idle=0.1)) as mirror:

        async def is_polled() -> bool:
            return mirror.sync_status.facts.live_until is not None

        await mirror.is_("live")
        with never_paused(mirror):
            between.on("GET", r"/runs/events$", Dribble([], "end"), always=True)
            await asyncio.to_thread(between.break_all)
            await mirror.ears.until("freshness", is_polled)
            await mirror.is_("live")
            question = await asyncio.to_thread(project.ask)
            await mirror.ears.rings(f"item:{question['id']}")


async def test_a_stream_that_cannot_be_opened_does_not_pause_answering(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        with never_paused(mirror):
            between.on("GET", r"/runs/events$", CutAfterRead(), always=True)
            await asyncio.to_thread(between.break_all)
            await mirror.is_("stale")
            question = await asyncio.to_thread(project.ask)
            await mirror.ears.rings(f"item:{question['id']}")


async def test_a_half_open_stream_is_noticed_by_its_missing_keep_alives(
    between: ScriptedServer, project: Project
) -> None:
    live = threading.Event()
    alive = Dribble(["id: 1\n\n", live, ":keepalive\n\n", 0.2, ":keepalive\n\n"])
    # The first finds out that there is a stream, the third where its log ends; the last is the
    # stream opened again.
    short = Dribble(["id: 1\n\n"])
    between.on("GET", "/runs/events$", short, alive, short, Never())
    async with kept(between, project, timeouts=Timeouts(keep_alive=1)) as mirror:
        await mirror.is_("live")
        live.set()
        await says(mirror, Stage.NO_UPDATES)
        silent_for = datetime.now(UTC) - mirror.sync_status.facts.heard_at
        assert silent_for >= timedelta(seconds=0.9)
        question = await asyncio.to_thread(project.ask)
        between.forget()
        await asyncio.to_thread(between.break_all)
        await mirror.ears.rings(f"item:{question['id']}")
        await mirror.is_("live")


async def test_after_an_event_that_is_too_large_a_full_sync_runs(
    between: ScriptedServer, project: Project
) -> None:
    await Upstream.objects.aupdate_or_create(
        base_url=(await sync_to_async(Upstream.current)()).base_url, defaults={"cursor": 1}
    )
    asked = threading.Event()
    line = Dribble(["id: 1\n\n", asked, "id: 2\ndata: ", *["x" * 1000] * 20])
    short = Dribble(["id: 1\n\n"])
    between.on("GET", "/runs/events$", short, line, short)
    limits = Limits(frame=10_000)
    async with kept(between, project, limits=limits) as mirror:
        await mirror.is_("live")
        question = await asyncio.to_thread(project.ask)
        asked.set()
        await mirror.ears.rings(f"item:{question['id']}")
        await mirror.is_("live")
    streams = between.seen("GET", "/runs/events$")
    assert streams[1].query == {"since": ["1"]}
    assert "since" not in streams[-1].query


async def test_a_record_that_is_too_large_is_left_out_and_named(
    between: ScriptedServer, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    messages = ("Before", "x" * 50_000, "After")
    before, huge, after = [await asyncio.to_thread(project.ask, message=m) for m in messages]
    async with kept(between, project, limits=Limits(response=20_000)) as mirror:
        await mirror.is_("live")
        assert await ids() == {before["id"], after["id"]}
        assert mirror.sync_status.current().skipped == (huge["id"],)
    assert huge["id"] in caplog.text


async def test_a_record_that_became_too_large_is_not_taken_for_deleted(
    between: ScriptedServer, project: Project
) -> None:
    huge = await asyncio.to_thread(project.ask, message="x" * 50_000)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
    async with kept(between, project, limits=Limits(response=20_000)) as mirror:
        await mirror.is_("live")
        assert mirror.sync_status.current().skipped == (huge["id"],)
    assert await ids() == {huge["id"]}


async def test_questions_of_a_later_generation_are_not_taken_for_none(
    between: ScriptedServer, project: Project, settings: Any
) -> None:
    settings.MOBIUS_API = "a"
    later = {"id": "iact_1", "kind": "request_approval", "title": "Ship it?", "status": "pending"}
    between.on("GET", r"/interactions$", Reply(200, {"items": [later]}), always=True)
    async with kept(between, project) as mirror:
        await says(mirror, Reason.OTHER_API)
        assert mirror.sync_status.current().unread
        between.forget()
        await mirror.is_("live")


async def test_a_mobius_with_a_newer_api_is_not_said_to_refuse_the_stream(
    between: ScriptedServer, project: Project
) -> None:
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        between.on("GET", r"^/v1/interactions$", Reply(200, {"items": []}), always=True)
        between.on("GET", r"^/v1/projects/", Reply(404), always=True)
        await asyncio.to_thread(between.break_all)
        await says(mirror, Reason.OTHER_API)
        opened = len(between.seen("GET", r"/runs/events$"))
        await asyncio.to_thread(between.wait_for, "GET", r"/runs/events$", opened + 4)
        assert stage_and_reason(mirror)[1] is Reason.OTHER_API


async def test_rows_that_upstream_no_longer_has_are_marked_deleted(
    between: ScriptedServer, project: Project
) -> None:
    question = project.ask()
    run = project.start(project.question())
    project.wait_for(run["id"], "suspended")
    async with kept(between, project) as mirror:
        await mirror.is_("live")
    assert len(await ids()) == 2
    empty = Reply(200, {"items": [], "has_more": False})
    missing = Reply(404, {"error": {"code": "not_found", "message": "no"}})
    between.on("GET", r"/(interactions|runs)$", empty, always=True)
    between.on("GET", r"/(interactions|runs)/\w+_\w+$", missing, always=True)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert await ids() == set()
        assert not await Recipient.objects.filter(open=True).aexists()
        assert (await Run.objects.aget(mobius_id=run["id"])).deleted
        between.forget()
        broken_at = monotonic()
        await asyncio.to_thread(between.break_all)
        await mirror.ears.rings(f"item:{question['id']}", after=broken_at)
    assert question["id"] in await ids()


async def test_an_upstream_that_lost_its_data_is_read_again(
    between: ScriptedServer, project: Project
) -> None:
    question = project.ask()
    old = await sync_to_async(Upstream.current)()
    await Upstream.objects.aupdate(cursor=10_000_000)
    await Interaction.objects.acreate(
        upstream=old,
        mobius_id="int_of_before",
        type="approval",
        status="pending",
        target_type="user",
        target_id="user_rina",
        created_at="2099-01-01T00:00:00Z",
        updated_at="2099-01-01T00:00:00Z",
    )
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert await ids() == {question["id"]}
        later = await asyncio.to_thread(project.ask)
        await mirror.ears.rings(f"item:{later['id']}")
    assert (await Upstream.objects.aget()).cursor < 10_000_000


async def test_an_interrupted_full_sync_leaves_no_gap(
    between: ScriptedServer, project: Project
) -> None:
    project.ask()
    async with kept(between, project) as mirror:
        await mirror.is_("live")
    closed = [await asyncio.to_thread(project.ask) for _ in range(3)]
    for one in closed:
        body = {"value": True}
        await asyncio.to_thread(project.http.post, f"interactions/{one['id']}/respond", json=body)
    await Upstream.objects.aupdate(cursor=None)
    items = [
        (await asyncio.to_thread(project.http.get, f"interactions/{one['id']}")).json()
        for one in reversed(closed)
    ]
    pages = [
        Reply(200, {"items": [item], "has_more": True, "next_cursor": f"after {number}"})
        for number, item in enumerate(items)
    ]
    nothing = Reply(200, {"items": [], "has_more": False})
    # Pending first; then what is completed, page by page, until the third cannot be read.
    between.on("GET", r"/interactions$", nothing, *pages[:2], *[BROKEN] * 3)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert {one["id"] for one in closed} <= await ids()


async def test_a_payload_that_the_database_refuses_is_left_out_alone(
    between: ScriptedServer, project: Project
) -> None:
    good, bad = project.ask(), project.ask()
    bad |= {"message": "half a pair \ud83d and \0 here", "id": "int_bad"}
    huge = good | {"id": "int_huge", "expires_at": None, "claimed_by": "x" * 5000}
    items = {"items": [good, bad, huge], "has_more": False}
    between.on("GET", r"/interactions$", Reply(200, items), always=True)
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        assert {good["id"], "int_bad"} <= await ids()


async def test_a_database_that_fails_is_said_and_the_sync_begins_again(
    between: ScriptedServer, project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(between, project) as mirror:
        await mirror.is_("live")
        await sync_to_async(Recipient.objects.all().delete)()
        await sync_to_async(Upstream.objects.all().delete)()
        caplog.set_level(logging.ERROR)
        question = await asyncio.to_thread(project.ask)
        await mirror.ears.rings(f"item:{question['id']}")
        await mirror.is_("live")
    assert "the mirror stopped and will start again" in caplog.text
    assert project.service_key not in caplog.text
