import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from inbox.answering.outcome import Kind
from inbox.answering.respond import respond
from inbox.live.bus import get_bus
from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities, run_reads
from inbox.mirror.polling import PollIntervals
from inbox.mirror.run_reads import RunReader
from inbox.mirror.run_streams import RunStreams
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import RateLimited
from inbox.mobius.timing import Timeouts
from inbox.models import Interaction, Recipient, Reviewer, Run, Step, Upstream
from tests.mirror.keeping import Kept, keeping
from tests.support.people import make_people
from tests.support.snapshots import APPROVED
from tests.upstream import GuideServer

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def server(guide_server: GuideServer) -> GuideServer:
    return guide_server


@pytest.fixture(autouse=True)
def here(settings: Any, server: GuideServer) -> None:
    settings.MOBIUS_BASE_URL = server.base_url
    settings.MOBIUS_PROJECT = "demo"


@asynccontextmanager
async def kept(server: GuideServer, **how: Any) -> AsyncIterator[Kept]:
    # Its streams never send a position.
    how = {"timeouts": Timeouts(opening=0.1)} | how
    async with keeping(server.base_url, "demo", server.key, **how) as mirror:
        yield mirror


async def asked_of(user_id: str) -> set[str]:
    rows = Recipient.objects.filter(user_id=user_id, open=True)
    return await sync_to_async(lambda: set(rows.values_list("interaction__mobius_id", flat=True)))()


async def polls(server: GuideServer, times: int) -> None:
    count = len(server.requests("interactions")) + times
    await asyncio.to_thread(server.wait_for, "interactions", count)


async def test_capabilities_are_stored_with_the_upstream(server: GuideServer) -> None:
    question = server.state.question_of(server.state.run_that_asks())
    async with kept(server) as mirror:
        await mirror.ears.rings(f"item:{question}")
    facts = await sync_to_async(capabilities.facts)()
    assert (facts["pending"], facts["run_events"], facts["run"]) == ("yes", "yes", "yes")
    assert (facts["project_events"], facts["steps"], facts["token_owner"]) == ("no", "no", "no")
    assert (await Upstream.objects.aget()).probed_at is not None


async def test_while_polls_fail_pages_are_old_and_do_not_catch_up(server: GuideServer) -> None:
    pace = PollIntervals(watched=0.1, idle=0.1, live=2.5, live_idle=2.5)
    shown = []

    def note(topics: Iterable[str]) -> None:
        if "freshness" in topics:
            shown.append(mirror.sync_status.current().state)

    async def is_paused() -> bool:
        return mirror.sync_status.current().paused

    async with kept(server, polls=pace) as mirror:
        await mirror.is_("live")
        unsubscribe = get_bus().subscribe(note)
        await asyncio.to_thread(server.stop)
        await mirror.ears.until("freshness", is_paused)
        unsubscribe()
    assert "catching_up" not in shown


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ("runs", 404),
        ("runs", 401),
        ("runs", 429),
        ("runs", 500),
        ("run", 404),
        ("run_events", 429),
        ("steps", 500),
        ("groups", 401),
        ("me", 404),
    ],
)
async def test_no_calls_failure_keeps_a_question_back(
    server: GuideServer, call: str, status: int
) -> None:
    server.offers.more |= {"steps", "groups", "members", "me"}
    server.offers.refuses[call] = status
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    async with kept(server) as mirror:
        await mirror.ears.rings(f"item:{question}")
        assert await asked_of("user_rina") == {question}


@pytest.mark.parametrize(
    "offers",
    [
        {"filters": {"run_id", "status"}},
        {"limit_maximum": 60},
        {"statuses": {"pending"}, "run_statuses": {"active", "completed", "failed"}},
        {"published_words": True},
        {"ids_as_numbers": True},
        {"times": "missing"},
        {"times": "epoch"},
        {"times": "naive"},
        {"row_fields": ("id", "type", "status", "run_id")},
        {"cursors": False},
    ],
)
async def test_every_kind_of_list_brings_the_question_as_it_was_asked(
    server: GuideServer, offers: dict[str, Any]
) -> None:
    server.offers.__dict__.update(offers)
    run_id = server.state.run_that_asks(message="Ship 4.2?")
    asked = server.state.question_of(run_id)
    if "ids_as_numbers" in offers:
        run_id, asked = run_id.removeprefix("run_"), asked.removeprefix("int_")
    async with kept(server) as mirror:
        await mirror.ears.rings(f"item:{asked}")
        run, since = await Run.objects.aget(), 0.0
        while run.known_only_from_questions:
            since = await mirror.ears.rings(f"run:{run_id}", after=since) + 1e-6
            await run.arefresh_from_db()
        row = await Interaction.objects.aget()
    assert (row.message, row.run_id, row.target_id) == ("Ship 4.2?", run_id, "user_rina")
    assert await asked_of("user_rina") == {asked}
    assert run.status == ("active" if server.offers.published_words else "suspended")
    assert abs(datetime.now(UTC) - row.created_at) < timedelta(minutes=1)
    assert not run.deleted


@pytest.mark.parametrize("status", [403, 429, 0])
async def test_it_polls_until_it_finds_a_stream_of_the_project(
    server: GuideServer, status: int
) -> None:
    server.offers.more.add("project_events")
    server.offers.refuses["project_events"] = status
    async with kept(server, offers=600, blind=0.3, probe=0.3) as mirror:
        await mirror.is_("live")
        question = server.state.ask()
        await mirror.ears.rings(f"item:{question}")
        assert mirror.sync_status.current().state == "live"
        assert not mirror.sync_status.current().key_refused
        tried = len(server.requests("project_events"))
        del server.offers.refuses["project_events"]
        # One that finds it, one that follows it.
        await asyncio.to_thread(server.wait_for, "project_events", tried + 2)
        await mirror.is_("live")


async def test_a_new_question_appears_while_a_page_is_open(server: GuideServer) -> None:
    async with kept(server, polls=PollIntervals(idle=3600)) as mirror:
        await mirror.is_("live")
        page_activity.page_requested()
        await mirror.ears.rings(f"item:{server.state.ask()}")
        await mirror.is_("live")


async def test_where_the_list_needs_a_run_those_of_known_runs_are_polled(
    server: GuideServer,
) -> None:
    async def nobody_is_asked() -> bool:
        return not await asked_of("user_rina")

    server.offers.needs_run_id = True
    async with kept(server) as mirror:
        await mirror.is_("live")
        question = server.state.question_of(server.state.run_that_asks())
        await mirror.ears.rings(f"item:{question}")
        await mirror.is_("live")
        server.state.expire(question)
        await mirror.ears.until(f"item:{question}", nobody_is_asked)


async def test_a_page_that_is_asked_for_polls_at_once(server: GuideServer) -> None:
    async with kept(server, polls=PollIntervals(watched=1, idle=60, live_idle=60)) as mirror:
        await mirror.is_("live")
        # No one looks: after a few polls the next one is long in coming.
        await polls(server, 2)
        asked = server.state.ask()
        await asyncio.sleep(1)
        page_activity.page_requested()
        await mirror.ears.rings(f"item:{asked}")


async def test_requests_while_a_page_is_open_add_no_polls(server: GuideServer) -> None:
    async def ask_for_pages() -> None:
        while True:
            page_activity.page_requested()
            await asyncio.sleep(0.05)

    async with kept(server, polls=PollIntervals(watched=0.2, idle=60, live_idle=60)) as mirror:
        await mirror.is_("live")
        asking = asyncio.create_task(ask_for_pages())
        await polls(server, 1)
        began = monotonic()
        await polls(server, 8)
        asking.cancel()
    # With a poll for each request they would take a quarter of the time. A poll that arrives late
    # is followed by the next one sooner.
    assert monotonic() - began > 7 * 0.2 / 2


async def test_open_questions_missing_from_the_list_are_read_by_id(server: GuideServer) -> None:
    first, second = server.state.ask(), server.state.ask()
    async with kept(server) as mirror:
        await mirror.is_("live")
        since = monotonic()
        server.state.respond(first, {"value": True}, server.state.token_of("user_rina"))
        await mirror.ears.rings(f"item:{first}", after=since)
        assert await asked_of("user_rina") == {second}
        row = await Interaction.objects.aget(mobius_id=first)
        assert (row.status, row.value) == ("completed", True)


@pytest.mark.parametrize("status", [403, 410])
async def test_a_question_that_is_refused_by_id_stops_no_full_sync(
    server: GuideServer, status: int
) -> None:
    server.offers.statuses = {"pending"}
    question = server.state.ask()
    async with kept(server, polls=PollIntervals(watched=60, idle=60, live_idle=60)) as mirror:
        await mirror.is_("live")
        before = (await Upstream.objects.aget()).full_synced_at
        server.offers.refuses["interaction"] = status
        server.state.expire(question)
        run_id = server.state.start({"spec": {"steps": []}})["id"]
        await mirror.sync.full_sync()
        assert await Run.objects.filter(mobius_id=run_id).aexists()
        assert (await Upstream.objects.aget()).full_synced_at != before
        assert mirror.sync_status.current().state == "live"


@pytest.mark.parametrize("call", ["runs", "run"])
async def test_a_rate_limit_on_one_call_stops_no_other(server: GuideServer, call: str) -> None:
    server.offers.refuses |= {call: 429, "run_events": 404}
    server.offers.retry_after = 60
    question = server.state.question_of(server.state.run_that_asks())
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert await asked_of("user_rina") == {question}
        assert mirror.sync_status.current().state == "live"
        await polls(server, 3)
    # The probe's request, and the full sync's or that of the reading of runs.
    assert len(server.requests(call)) <= 3


async def test_a_rate_limit_of_all_calls_ends_a_full_sync(server: GuideServer) -> None:
    server.state.ask()
    async with kept(server, polls=PollIntervals(watched=60, idle=60, live_idle=60)) as mirror:
        await mirror.is_("live")
        server.offers.refuses |= dict.fromkeys(("interactions", "runs", "run"), 429)
        server.offers.retry_after = 60
        before = len(server.seen)
        with pytest.raises(RateLimited):
            await mirror.sync.full_sync()
        assert len(server.seen) == before + 1


async def test_a_list_that_the_key_may_not_read_keeps_nothing_unread(
    server: GuideServer,
) -> None:
    server.offers.refuses["runs"] = 403
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert (await Upstream.objects.aget()).seeded_at is not None


async def test_a_full_sync_reads_missing_rows_by_id_no_more_often(
    server: GuideServer,
) -> None:
    server.offers.page_size, server.offers.cursors = 2, False
    server.offers.filters = {"run_id", "status"}
    server.offers.more.add("project_events")
    server.offers.only_run_updated = False
    async with kept(server, full_sync=0.2) as mirror:
        await mirror.is_("live")
        questions = [server.state.ask() for _ in range(5)]
        for id in questions:
            await mirror.ears.rings(f"item:{id}")
        await polls(server, 12)
        assert await asked_of("user_rina") == set(questions)
    by_id = [one.id for one in server.requests("interaction")]
    assert max(map(by_id.count, by_id)) == 1


async def test_a_list_that_broke_off_is_not_said_to_be_read(server: GuideServer) -> None:
    server.offers.refuses["runs"] = 500
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert (await Upstream.objects.aget()).seeded_at is None
        # The pending list has been read: that nothing is in it is true.
        assert not mirror.sync_status.current().unread


async def test_a_list_of_several_pages_is_read_in_rotation(server: GuideServer) -> None:
    server.offers.page_size = 2
    server.offers.filters = {"run_id", "status", "cursor"}
    questions = [server.state.ask() for _ in range(7)]
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert await asked_of("user_rina") == set(questions)
        since = monotonic()
        server.state.expire(questions[0])
        await mirror.ears.rings(f"item:{questions[0]}", after=since)
        assert await asked_of("user_rina") == set(questions[1:])


async def test_a_cursor_that_expires_begins_the_list_again(server: GuideServer) -> None:
    server.offers.page_size = 2
    server.offers.filters = {"run_id", "status", "cursor"}
    questions = [server.state.ask() for _ in range(5)]
    async with kept(
        server, polls=PollIntervals(watched=0.2, idle=0.2, live=2, live_idle=2)
    ) as mirror:
        await mirror.is_("live")
        server.offers.cursors_expire = True
        await polls(server, 6)
        assert mirror.client.lists.refused == ()
        since = monotonic()
        questions.append(server.state.ask())
        await mirror.ears.rings(f"item:{questions[-1]}", after=since)
        server.offers.cursors_expire = False
        server.state.expire(questions[0])
        await mirror.ears.rings(f"item:{questions[0]}", after=since)
        assert await asked_of("user_rina") == set(questions[1:])


async def test_where_the_cursor_is_ignored_a_list_is_read_as_far_as_it_goes(
    server: GuideServer,
) -> None:
    server.offers.page_size, server.offers.ignores_cursor = 2, True
    server.offers.filters = {"run_id", "status", "cursor"}
    questions = [server.state.ask() for _ in range(5)]
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert await asked_of("user_rina") == set(questions[-2:])
        assert mirror.sync_status.current().repeats
        since = monotonic()
        questions.append(server.state.ask())
        await mirror.ears.rings(f"item:{questions[-1]}", after=since)
        questions.append(server.state.ask())
        await mirror.ears.rings(f"item:{questions[-1]}", after=since)
        # One that the list no longer shows is read by id.
        since = monotonic()
        server.state.expire(questions[3])
        await mirror.ears.rings(f"item:{questions[3]}", after=since)
        assert await asked_of("user_rina") == set(questions[-3:])
        assert mirror.sync_status.current().state == "live"
        server.offers.ignores_cursor = False
        await mirror.sync.full_sync()
        assert await asked_of("user_rina") == {*questions[:3], *questions[-3:]}


async def test_a_list_of_only_the_newest_few_does_not_lose_the_rest(server: GuideServer) -> None:
    server.offers.page_size = 2
    server.offers.filters = {"run_id", "status"}
    server.offers.cursors = False
    async with kept(server) as mirror:
        await mirror.is_("live")
        asked = []
        for _ in range(5):
            asked.append(server.state.ask())
            await mirror.ears.rings(f"item:{asked[-1]}")
        await polls(server, 10)
        assert await asked_of("user_rina") == set(asked)
    # Each of the three that the list lacks is read once in a while, not with each poll.
    by_id = [one.id for one in server.requests("interaction")]
    assert max(map(by_id.count, by_id)) == 1


async def test_an_unchanged_list_is_not_sent_again(server: GuideServer) -> None:
    server.offers.etag = True
    question = server.state.ask()
    async with kept(server) as mirror:
        await mirror.is_("live")
        await polls(server, 3)
        assert "if-none-match" in server.requests("interactions")[-1].headers
        since, other = monotonic(), server.state.ask()
        await mirror.ears.rings(f"item:{other}", after=since)
        assert await asked_of("user_rina") == {question, other}


async def test_it_is_live_no_longer_than_its_last_poll(server: GuideServer) -> None:
    pace = PollIntervals(watched=0.2, live=0.5, live_idle=0.5)
    async with kept(server, polls=pace) as mirror:
        await mirror.is_("live")
        server.offers.refuses["interactions"] = 503
        await mirror.is_("stale")
        del server.offers.refuses["interactions"]
        await mirror.is_("live")


@pytest.mark.parametrize("status", [429, 503])
async def test_it_asks_no_sooner_than_retry_after_says(server: GuideServer, status: int) -> None:
    async with kept(server) as mirror:
        await mirror.is_("live")
        server.offers.retry_after = 300
        server.offers.refuses["interactions"] = status
        await mirror.is_("stale")
        asked = len(server.requests("interactions"))
        page_activity.page_requested()
        with pytest.raises(TimeoutError):
            await asyncio.to_thread(server.wait_for, "interactions", asked + 1, timeout=1)


@pytest.mark.parametrize(
    "offers",
    [
        {},
        {"only_status": True},
        {"only_status": True, "times": "missing"},
        {"seq_per_run": True, "id_lines": False, "event_lines": False},
        {"line_end": "\r\n", "comment_first": True},
        {"closes_after": 1.5},
        {"closes_after": 1.5, "accepts_since": False},
        {"seeds": True},
        {"refuses": {"run": 404, "runs": 404}},
        {"refuses": {"run": 404, "runs": 404}, "only_status": True, "times": "missing"},
    ],
)
async def test_a_run_is_followed_to_its_end(server: GuideServer, offers: dict[str, Any]) -> None:
    server.offers.__dict__.update(offers)
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    async with kept(server) as mirror:
        await mirror.is_("live")
        await asyncio.to_thread(server.wait_for, "run_events", 2)
        since = monotonic()
        server.state.respond(question, {"value": True}, server.key)
        async with asyncio.timeout(60):
            while await status_of(run_id) != "completed":
                since = await mirror.ears.rings(f"run:{run_id}", after=since) + 1e-6
        answered = Interaction.objects.filter(mobius_id=question, status="completed")
        await mirror.ears.until(f"item:{question}", answered.aexists)


@pytest.mark.parametrize("more", [{"steps"}, {"steps", "project_events"}])
async def test_steps_are_read_as_the_run_progresses(server: GuideServer, more: set[str]) -> None:
    server.offers.more |= more
    async with kept(server) as mirror:
        await mirror.is_("live")
        run_id = server.state.run_that_asks()
        question = server.state.question_of(run_id)
        for status in ("running", "completed"):
            await mirror.ears.until(f"run:{run_id}", Step.objects.filter(status=status).aexists)
            if status == "running":
                server.state.respond(question, {"value": True}, server.key)


async def test_a_run_is_followed_beyond_its_last_answer(server: GuideServer) -> None:
    """The end of the run comes after that, and no list has it."""
    server.offers.refuses |= {"run": 404, "runs": 404}
    server.offers.resumes = False
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    async with kept(server) as mirror:
        await mirror.is_("live")
        await asyncio.to_thread(server.wait_for, "run_events", 2)
        since = monotonic()
        server.state.respond(question, {"value": True}, server.key)
        row = await Interaction.objects.aget(mobius_id=question)
        while row.status != "completed":
            since = await mirror.ears.rings(f"item:{question}", after=since) + 1e-6
            await row.arefresh_from_db()
        await polls(server, 8)
        server.state.resume()
        async with asyncio.timeout(60):
            while await status_of(run_id) != "completed":
                since = await mirror.ears.rings(f"run:{run_id}", after=since) + 1e-6


async def test_a_run_is_followed_whose_question_was_answered_at_once(server: GuideServer) -> None:
    server.offers.refuses |= {"run": 404, "runs": 404}
    # The run's call is found to be missing.
    server.state.run_that_asks()
    async with kept(server) as mirror:
        await mirror.is_("live")
        await asyncio.to_thread(server.wait_for, "run_events", 2)
        since, run_id = monotonic(), server.state.run_that_asks()
        question = server.state.question_of(run_id)
        await mirror.ears.rings(f"item:{question}", after=since)
        server.state.respond(question, {"value": True}, server.key)
        async with asyncio.timeout(60):
            while await status_of(run_id) != "completed":
                since = await mirror.ears.rings(f"run:{run_id}", after=since) + 1e-6


async def test_many_open_streams_delay_no_other_call(server: GuideServer) -> None:
    for _ in range(100):
        server.state.run_that_asks()
    async with kept(server) as mirror:
        await mirror.is_("live")
        await asyncio.to_thread(server.wait_for, "run_events", 101)
        async with asyncio.timeout(60):
            await mirror.client.interactions(status="pending", limit=1)
    assert server.most_streams <= 101


async def status_of(run_id: str) -> str | None:
    return await sync_to_async(
        lambda: Run.objects.filter(mobius_id=run_id).values_list("status", flat=True).first()
    )()


@pytest.mark.parametrize("offers", [{}, {"only_status": True, "times": "missing"}])
async def test_a_project_stream_with_only_runs_brings_their_questions(
    server: GuideServer, offers: dict[str, Any]
) -> None:
    server.offers.more.add("project_events")
    server.offers.__dict__.update(offers)
    async with kept(server) as mirror:
        await mirror.is_("live")
        question = server.state.question_of(server.state.run_that_asks())
        since = await mirror.ears.rings(f"item:{question}")
        assert await asked_of("user_rina") == {question}
        server.state.respond(question, {"value": True}, server.key)
        while await asked_of("user_rina"):
            since = await mirror.ears.rings(f"item:{question}", after=since + 1e-6)


@pytest.mark.parametrize("before", ["a run", "an action from here"])
async def test_with_a_project_stream_of_only_runs_the_list_is_polled(
    server: GuideServer, before: str
) -> None:
    server.offers.more |= {"project_events", "steps"}
    async with kept(server) as mirror:
        await mirror.is_("live")
        question = server.state.ask()
        if before == "a run":
            run_id = server.state.run_that_asks()
            # The run's questions are read from the list that is refused below.
            read = Step.objects.filter(run__mobius_id=run_id)
            await mirror.ears.until(f"run:{run_id}", read.aexists)
        else:
            page_activity.acted()
        await mirror.ears.rings(f"item:{question}")
        server.offers.refuses["interactions"] = 503
        await polls(server, 2)
        assert mirror.sync_status.current().state == "live"
        del server.offers.refuses["interactions"]
        server.state.expire(question)

        async def is_closed() -> bool:
            return question not in await asked_of("user_rina")

        await mirror.ears.until(f"item:{question}", is_closed)


async def test_with_a_stream_that_has_questions_no_list_is_polled(
    server: GuideServer,
) -> None:
    server.offers.more |= {"project_events", "steps"}
    async with kept(server, polls=PollIntervals(watched=0.01, idle=0.01)) as mirror:
        await mirror.is_("live")
        page_activity.acted()
        await polls(server, 2)
        server.offers.only_run_updated = False
        # While the list is refused, questions come with the stream.
        server.offers.refuses["interactions"] = 503
        for _ in range(2):
            await mirror.ears.rings(f"item:{server.state.ask()}")
        del server.offers.refuses["interactions"]
        count = len(server.requests("interactions"))
        for _ in range(5):
            await mirror.ears.rings(f"item:{server.state.ask()}")
        assert len(server.requests("interactions")) <= count + 1


async def test_a_limit_that_is_refused_later_starts_a_probe(server: GuideServer) -> None:
    async with kept(server, offers=600) as mirror:
        await mirror.is_("live")
        # Only probes ask for groups that Mobius doesn't have.
        probes = len(server.requests("groups"))
        server.offers.limit_maximum = 100
        await mirror.ears.rings(f"item:{server.state.ask()}")
        await asyncio.to_thread(server.wait_for, "groups", probes + 1)


async def test_smaller_numbers_of_other_runs_are_no_lost_data(
    server: GuideServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.offers.more.add("project_events")
    server.offers.seq_per_run = True
    server.offers.only_run_updated = False
    timeouts = Timeouts(opening=0.5)
    async with kept(server, timeouts=timeouts, full_sync=0.01) as mirror:
        await mirror.is_("live")
        for _ in range(3):
            question = server.state.question_of(server.state.run_that_asks())
            asked_at = await mirror.ears.rings(f"item:{question}")
            opened = len(server.requests("project_events"))
            await asyncio.to_thread(server.wait_for, "project_events", opened + 1)
            server.state.respond(question, {"value": True}, server.key)
            await mirror.ears.rings(f"item:{question}", after=asked_at + 1e-6)
    assert "was restored" not in caplog.text


async def test_fields_missing_in_the_list_come_from_the_runs_spec(server: GuideServer) -> None:
    server.offers.row_fields = ("id", "type", "status", "run_id")
    server.offers.only_rows = True
    question = server.state.question_of(server.state.run_that_asks(message="Ship 4.2?"))
    async with kept(server) as mirror:
        await mirror.is_("live")
        row = await Interaction.objects.aget(mobius_id=question)
        assert (row.message, row.target_id, row.unknown_fields) == ("Ship 4.2?", "user_rina", "")
        assert await asked_of("user_rina") == {question}


@pytest.mark.parametrize(
    ("statuses", "active"),
    [
        ({"queued", "running", "suspended", "completed", "failed"}, False),
        ({"active", "completed", "failed"}, True),
    ],
)
async def test_runs_are_asked_for_by_the_guides_statuses_first(
    server: GuideServer, statuses: set[str], active: bool
) -> None:
    server.offers.run_statuses = statuses
    server.offers.published_words = active
    run_id = server.state.run_that_asks()
    async with kept(server) as mirror:
        await mirror.is_("live")
        await mirror.ears.rings(f"run:{run_id}")
        asked = [one.query.get("status") for one in server.requests("runs")]
    assert ("active" in asked) == active


async def test_the_list_is_polled_at_once_after_an_action(server: GuideServer) -> None:
    async with kept(server, polls=PollIntervals(watched=3600, idle=3600)) as mirror:
        await mirror.is_("live")
        asked = server.state.ask()
        page_activity.acted()
        await mirror.ears.rings(f"item:{asked}")


@pytest.mark.parametrize("status", [404, 429, 500])
async def test_a_run_whose_stream_is_not_open_is_read_by_id(
    server: GuideServer, status: int
) -> None:
    server.offers.refuses["run_events"] = status
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    async with kept(server, polls=PollIntervals(watched=60, idle=60, live_idle=60)) as mirror:
        await mirror.is_("live")
        answered_at = since = monotonic()
        server.state.respond(question, {"value": True}, server.key)
        while await status_of(run_id) != "completed":
            since = await mirror.ears.rings(f"run:{run_id}", after=since) + 1e-6
        await mirror.ears.rings(f"item:{question}", after=answered_at)
        assert await asked_of("user_rina") == set()


async def test_the_run_is_read_at_once_after_an_answer(
    server: GuideServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_reads, "ROUND_INTERVAL", 3600)
    settings.MOBIUS_API_KEY = server.key
    await sync_to_async(make_people)(tokens={"user_rina": server.state.token_of("user_rina")})
    rina = await Reviewer.objects.select_related("user").aget(user__username="rina")
    server.offers.refuses["run_events"] = 404
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    async with kept(server, polls=PollIntervals(watched=60, idle=60, live_idle=60)) as mirror:
        await mirror.ears.rings(f"run:{run_id}")
        await mirror.is_("live")
        outcome = await respond(reviewer=rina, interaction_id=question, answers=APPROVED)
        assert outcome.kind is Kind.ANSWERED

        async def is_completed() -> bool:
            return await status_of(run_id) == "completed"

        await mirror.ears.until(f"run:{run_id}", is_completed)


async def test_a_run_whose_stream_is_limited_is_read_after_retry_after(
    server: GuideServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.offers.retry_after = 2
    server.offers.refuses["run_events"] = 429
    run_id = server.state.run_that_asks()
    monkeypatch.setattr(page_activity, "watched_runs", lambda: [run_id])
    client = MobiusClient(base_url=server.base_url, project="demo", token=server.key)
    store = await Store.current()
    streams = RunStreams(client, store)
    async with client, asyncio.timeout(60):
        follow = asyncio.ensure_future(streams.run())
        while (until := streams.limited_until(run_id)) < monotonic():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        reader = RunReader(client, store, streams=streams, all_streamed=False)
        read = asyncio.ensure_future(reader.run())
        await asyncio.to_thread(server.wait_for, "run", 1)
        assert monotonic() >= until
        for task in (follow, read):
            task.cancel()
        await asyncio.gather(follow, read, return_exceptions=True)


async def test_a_run_that_no_call_reports_is_known_from_its_questions(
    server: GuideServer,
) -> None:
    server.offers.refuses |= {"run": 404, "runs": 404, "run_events": 404}
    run_id = server.state.run_that_asks()
    question = server.state.question_of(run_id)
    ended = Run.objects.filter(mobius_id=run_id, status="unknown")
    async with kept(server) as mirror:
        await mirror.ears.rings(f"run:{run_id}")
        assert await status_of(run_id) == "suspended"
        server.state.respond(question, {"value": True}, server.key)
        await mirror.ears.until(f"run:{run_id}", ended.aexists)


async def test_a_run_page_has_the_missing_parts_read(server: GuideServer) -> None:
    server.offers.more.add("project_events")
    run_id = server.state.run_that_asks()
    server.state.respond(server.state.question_of(run_id), {"value": True}, server.key)
    async with kept(server) as mirror:
        await mirror.is_("live")
        # Both may have been read already, if the sync saw the run before its question was closed.
        await Run.objects.aupdate(plan=None, log_from=None)
        page_activity.run_requested(run_id)
        complete = Run.objects.filter(plan__isnull=False, log_from=0)
        await mirror.ears.until(f"run:{run_id}", complete.aexists)
        run = await Run.objects.aget()
        assert [step["name"] for step in run.plan or ()] == ["approve"]


async def test_no_run_counts_as_deleted_because_the_call_is_missing(server: GuideServer) -> None:
    async def is_missing() -> bool:
        return (await sync_to_async(capabilities.facts)())["run"] == "no"

    server.offers.refuses |= {"run": 404, "runs": 404}
    async with kept(server, groups=60, offers=600) as mirror:
        await mirror.is_("live")
        # Without a run to ask for, no one can tell yet.
        assert (await sync_to_async(capabilities.facts)())["run"] == "unknown"
        run_id = server.state.run_that_asks()
        await mirror.ears.rings(f"run:{run_id}")
        page_activity.run_requested(run_id)
        await asyncio.to_thread(server.wait_for, "steps", 1)
        await mirror.ears.until("freshness", is_missing)
        assert not (await Run.objects.aget()).deleted


async def test_a_rate_limit_is_shown_with_its_end(server: GuideServer) -> None:
    async with kept(server) as mirror:
        await mirror.is_("live")
        server.offers.retry_after = 120
        server.offers.refuses["interactions"] = 429
        await mirror.is_("stale")
        because = mirror.sync_status.current().because
        assert because is not None
        assert because.until is not None


async def test_a_reopened_stream_does_not_cut_short_a_rate_limit(
    server: GuideServer,
) -> None:
    server.offers.more |= {"groups", "members", "project_events"}
    server.offers.closes_after = 0.3
    async with kept(server, groups=0.3) as mirror:
        await mirror.ears.rings("freshness")
        server.offers.retry_after = 300
        server.offers.refuses["groups"] = 503
        asked = len(server.requests("groups"))
        await asyncio.to_thread(server.wait_for, "groups", asked + 1)
        opened = len(server.requests("project_events"))
        await asyncio.to_thread(server.wait_for, "project_events", opened + 10)
        assert len(server.requests("groups")) <= asked + 2


async def test_a_groups_members_are_those_of_the_groups_api(server: GuideServer) -> None:
    server.offers.more |= {"groups", "members"}
    server.offers.tells_members = server.offers.tells_policy = False
    server.state.groups["ops"] = ["user_rina"]
    question = server.state.ask(to="group:ops")
    async with kept(server, groups=0.3) as mirror:
        await mirror.ears.rings("inbox:user_rina")
        assert await asked_of("user_rina") == {question}
        since = monotonic()
        server.offers.refuses["members"] = 500
        await asyncio.to_thread(server.wait_for, "members", len(server.requests("members")) + 2)
        assert await asked_of("user_rina") == {question}
        del server.offers.refuses["members"]
        server.state.groups["ops"] = ["user_sam"]
        await mirror.ears.rings("inbox:user_sam", after=since)
        assert (await asked_of("user_rina"), await asked_of("user_sam")) == (set(), {question})


async def test_a_group_whose_members_cannot_be_read_keeps_no_other_back(
    server: GuideServer,
) -> None:
    server.offers.more |= {"groups", "members"}
    server.offers.tells_members = False
    server.state.groups |= {"ops": ["user_rina"], "desk": ["user_lee"]}
    questions = [server.state.ask(to=f"group:{name}") for name in ("ops", "desk", "new")]
    async with kept(server, groups=0.3) as mirror:
        await mirror.ears.rings("inbox:user_lee")
        server.offers.refuses |= {"members desk": 500, "members new": 500}
        server.state.groups |= {"ops": ["user_sam"], "desk": ["user_sam"], "new": ["user_sam"]}
        since = monotonic()
        await mirror.ears.rings("inbox:user_sam", after=since)
        assert await asked_of("user_sam") == {questions[0]}
        assert await asked_of("user_lee") == {questions[1]}
        del server.offers.refuses["members desk"]
        since = monotonic()
        await mirror.ears.rings("inbox:user_sam", after=since)
        assert await asked_of("user_sam") == {questions[0], questions[1]}
        # Of a group that was never read no one knows whom it asks: not that it is empty.
        assert (await Interaction.objects.aget(mobius_id=questions[2])).members is None


async def test_a_question_that_cannot_be_read_by_id_keeps_no_other_back(
    server: GuideServer,
) -> None:
    server.offers.row_fields = ("id", "type", "status", "run_id")
    questions = [server.state.ask() for _ in range(3)]
    server.offers.refuses[f"interaction {questions[0]}"] = 500
    async with kept(server) as mirror:
        await mirror.is_("live")
        assert await asked_of("user_rina") == set(questions[1:])
        since = monotonic()
        server.state.expire(questions[1])
        server.offers.refuses[f"interaction {questions[1]}"] = 500
        server.state.expire(questions[2])
        await mirror.ears.rings(f"item:{questions[2]}", after=since)
        await polls(server, 3)
        assert mirror.sync_status.current().state == "live"
        server.offers.refuses.clear()
        await mirror.ears.rings(f"item:{questions[0]}", after=since)
        assert await asked_of("user_rina") == {questions[0], questions[1]}
