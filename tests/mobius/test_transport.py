import asyncio
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from inbox.mobius import Backoff, MobiusClient, Timeouts
from inbox.mobius.errors import (
    Conflict,
    Denied,
    InvalidResponse,
    MobiusError,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
    Unreachable,
    WebPage,
)
from tests.mobius.conftest import TOKEN, Connect, interaction
from tests.support.scripted_server import (
    CutAfterRead,
    CutBeforeRead,
    Half,
    Hold,
    Never,
    Reply,
    ScriptedServer,
)
from tests.support.snapshots import YES

ERRORS = [
    (400, Rejected),
    (401, Unauthorized),
    (403, Denied),
    (404, NotFound),
    (405, Rejected),
    (409, Conflict),
    (410, NotFound),
    (413, Rejected),
    (422, Rejected),
    (429, RateLimited),
    (500, Unavailable),
    (502, Unavailable),
    (503, Unavailable),
    (599, Unavailable),
]
SHORT = Timeouts(connect=60, read=0.3)


@pytest.mark.parametrize(("status", "kind"), ERRORS)
async def test_it_translates_every_status_of_a_write_and_sends_it_once(
    server: ScriptedServer, connect: Connect, status: int, kind: type[MobiusError]
) -> None:
    told = {"error": {"code": "some_code", "message": "Because.", "details": {"status": "x"}}}
    server.on("POST", "/respond$", Reply(status, told), always=True)
    async with connect() as client:
        with pytest.raises(kind) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.code) == (status, "some_code")
    assert caught.value.message == caught.value.upstream_message == "Because."
    assert caught.value.details == {"status": "x"}
    assert len(server.seen("POST", "/respond$")) == 1


@pytest.mark.parametrize(
    "body", ["<html>busy</html>", "", "[]", '{"error": "busy"}', '{"error": {"code": 7}}', "\xff"]
)
async def test_an_error_without_the_apis_envelope_is_still_that_error(
    server: ScriptedServer, connect: Connect, body: str
) -> None:
    server.on("POST", "/respond$", Reply(409, body))
    async with connect() as client:
        with pytest.raises(Conflict) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    assert caught.value.message == (
        "busy" if body == '{"error": "busy"}' else "Mobius returned 409 Conflict"
    )
    assert caught.value.code == ""


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_it_follows_no_redirect_with_a_token(
    server: ScriptedServer, connect: Connect, status: int
) -> None:
    elsewhere = f"{server.base_url}/elsewhere"
    server.on("*", "/interactions", Reply(status, "", {"location": elsewhere}), always=True)
    async with connect() as client:
        with pytest.raises(InvalidResponse):
            await client.respond("int_1", raw={}, answers=YES)
        with pytest.raises(InvalidResponse):
            await client.interaction("int_1")
    assert server.seen("GET", "elsewhere") == server.seen("POST", "elsewhere") == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "thank you",
        '{"id": "int_1"',
        b"\xff\xfe",
        "[" * 100_000,
        "null",
        "[1]",
        '"text"',
        "{}",
        '{"id": true}',
    ],
)
async def test_a_good_status_with_an_unreadable_body_is_an_invalid_response(
    server: ScriptedServer, connect: Connect, body: str | bytes
) -> None:
    server.on("*", "/interactions/", Reply(200, body), always=True)
    async with connect() as client:
        # The answer was accepted, whatever the response says.
        assert await client.respond("int_1", raw={}, answers=YES) is None
        with pytest.raises(InvalidResponse):
            await client.interaction("int_1")


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("<!doctype html><title>Sign in</title>", {}),
        ("\ufeff\n <html>Sign in</html>", {"content-type": "application/json"}),
        ("Sign in", {"content-type": "Text/HTML; charset=utf-8"}),
    ],
)
async def test_a_web_page_is_not_a_response_from_mobius(
    server: ScriptedServer, connect: Connect, status: int, body: str, headers: dict[str, str]
) -> None:
    server.on("*", "/interactions/", Reply(status, body, headers), always=True)
    async with connect() as client:
        with pytest.raises(WebPage) as caught:
            await client.respond("int_1", raw={}, answers=YES)
        assert caught.value.status is None
        with pytest.raises(WebPage):
            await client.interaction("int_1")
    assert len(server.seen("POST", "/respond$")) == 1


@pytest.mark.parametrize("body", ["", interaction()])
async def test_json_labelled_as_html_is_not_a_web_page(
    server: ScriptedServer, connect: Connect, body: Any
) -> None:
    server.on("POST", "/respond$", Reply(200, body, {"content-type": "text/html"}))
    async with connect() as client:
        told = await client.respond("int_1", raw={}, answers=YES)
    assert (told is not None) == bool(body)


async def test_a_list_refused_to_one_token_is_still_requested_with_others(
    server: ScriptedServer, connect: Connect
) -> None:
    wrong = Reply(422, {"error": {"code": "invalid_token", "message": "Not a person's."}})
    server.on("GET", "/interactions$", *[wrong] * 4)
    server.on("GET", "/interactions$", Reply(200, {"items": []}))
    async with connect() as client:
        with pytest.raises(Rejected):
            await client.acting_as("mbc_pasted").interactions(status="pending")
        assert (await client.interactions(status="pending")).items == ()


async def test_a_body_that_does_not_match_its_encoding_is_an_invalid_response(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", "/interactions/", Reply(200, "{}", {"content-encoding": "gzip"}), always=True)
    async with connect() as client:
        with pytest.raises(InvalidResponse):
            await client.interaction("int_1")


@pytest.mark.parametrize("step", [CutBeforeRead(), CutAfterRead(), Never(), Half(interaction())])
async def test_a_write_that_may_have_arrived_is_marked_as_sent_and_not_repeated(
    server: ScriptedServer, connect: Connect, step: Never
) -> None:
    server.on("POST", "/respond$", step)
    async with connect(timeouts=SHORT) as client:
        with pytest.raises(Unreachable) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    assert caught.value.sent
    await asyncio.to_thread(server.wait_for, "POST", "/respond$")
    assert len(server.seen("POST", "/respond$")) == 1


async def test_a_write_that_was_never_sent_is_marked_as_such(
    server: ScriptedServer, connect: Connect
) -> None:
    async with connect() as client:
        server.refuse()
        with pytest.raises(Unreachable) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    assert not caught.value.sent


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1", "ftp://127.0.0.1", "nonsense", "http://[", "http://a.invalid:99999"],
)
async def test_an_address_that_leads_nowhere_is_unreachable(base_url: str) -> None:
    async with MobiusClient(base_url=base_url, project="demo", token=TOKEN) as client:
        with pytest.raises(Unreachable) as caught:
            await client.create_interaction({})
    assert not caught.value.sent


async def test_a_response_that_takes_longer_than_the_total_timeout_is_given_up(
    server: ScriptedServer, connect: Connect
) -> None:
    quick = Timeouts(connect=60, read=60, total=1)
    server.on("POST", "/respond$", Never())
    async with connect(timeouts=quick) as client:
        with pytest.raises(Unreachable) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    assert caught.value.sent


async def test_a_slow_response_within_the_timeout_is_accepted(
    server: ScriptedServer, connect: Connect
) -> None:
    held = Hold(Reply(200, interaction(status="completed")))
    server.on("POST", "/respond$", held)
    async with connect(timeouts=Timeouts()) as client:
        answering = asyncio.ensure_future(client.respond("int_1", raw={}, answers=YES))
        await asyncio.to_thread(held.reached.wait, 60)
        assert not answering.done()
        held.release()
        assert (await answering).status == "completed"


@pytest.mark.parametrize(
    "step", [Reply(500), Reply(503), Reply(429), CutAfterRead(), Half(interaction())]
)
async def test_a_read_is_tried_again(server: ScriptedServer, connect: Connect, step: Reply) -> None:
    server.on("GET", "/interactions/int_1$", step, step, Reply(200, interaction()))
    async with connect() as client:
        assert (await client.interaction("int_1")).id == "int_1"
    assert len(server.seen("GET", "/interactions/int_1$")) == 3


async def test_a_read_is_given_up_after_three_tries(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", "/interactions/int_1$", Reply(500), always=True)
    async with connect() as client:
        with pytest.raises(Unavailable):
            await client.interaction("int_1")
    assert len(server.seen("GET", "/interactions/int_1$")) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
async def test_a_read_that_was_refused_is_not_repeated(
    server: ScriptedServer, connect: Connect, status: int
) -> None:
    server.on("GET", "/interactions/int_1$", Reply(status), always=True)
    async with connect() as client:
        with pytest.raises(MobiusError):
            await client.interaction("int_1")
    assert len(server.seen("GET", "/interactions/int_1$")) == 1


async def test_a_read_is_not_retried_after_the_time_limit(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", "/interactions/int_1$", Reply(429, headers={"retry-after": "60"}), always=True)
    async with connect() as client:
        with pytest.raises(RateLimited) as caught:
            await client.interaction("int_1")
    assert caught.value.retry_after == 60
    assert len(server.seen("GET", "/interactions/int_1$")) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        ("in an hour", 3000, 3600),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0, 0),
        ("soon", None, None),
        ("-5", None, None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None, None),
    ],
)
async def test_it_reads_both_forms_of_retry_after(
    server: ScriptedServer, connect: Connect, header: str, least: int | None, most: int | None
) -> None:
    if header == "in an hour":
        header = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.on("POST", "/respond$", Reply(429, headers={"retry-after": header}))
    async with connect() as client:
        with pytest.raises(RateLimited) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    if least is None or most is None:
        assert caught.value.retry_after is None
    else:
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most


def test_back_off_grows_to_a_cap_and_honours_retry_after() -> None:
    backoff = Backoff(base=1, cap=8)
    for failures, ceiling in [(1, 2), (2, 4), (3, 8), (50, 8), (5000, 8)]:
        waits = {backoff.delay(failures) for _ in range(50)}
        assert all(ceiling / 2 <= wait <= ceiling for wait in waits)
        assert len(waits) > 1
    assert backoff.delay(1, retry_after=3600) == 3600
    assert backoff.delay(1, retry_after=1e9) == backoff.longest_retry_after


async def test_a_huge_answer_is_read(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", "/interactions/int_1$", Reply(200, interaction(message="x" * 20_000_000)))
    async with connect(timeouts=Timeouts()) as client:
        assert len((await client.interaction("int_1")).message) == 20_000_000


async def test_characters_that_no_database_can_store_are_replaced(
    server: ScriptedServer, connect: Connect
) -> None:
    body = json.dumps(interaction(message="PLACE")).replace(
        "PLACE", r"a\u0000b\ud800c\ud83d\ude00d"
    )
    body = body.replace('"4.2.0"', "[NaN, Infinity, 1.5]")
    server.on("GET", "/interactions/int_1$", Reply(200, body))
    async with connect() as client:
        read = await client.interaction("int_1")
    assert read.message == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c😀d"
    assert read.context == {"version": [None, None, 1.5]}


@pytest.mark.parametrize("token", ["", "mbc_\n", "mbc a", "mbc_é", "mbc_\x00"])
async def test_an_impossible_token_is_refused_before_it_is_sent(
    server: ScriptedServer, connect: Connect, token: str
) -> None:
    async with connect() as client:
        with pytest.raises(Unauthorized):
            await client.acting_as(token).me()
    assert server.requests == []


async def test_an_id_cannot_lead_to_another_call(server: ScriptedServer, connect: Connect) -> None:
    async with connect() as client:
        for id in ("", ".", ".."):
            with pytest.raises(NotFound):
                await client.interaction(id)
        with pytest.raises(NotFound):
            await client.interaction("../runs?x=1#y")
    assert [request.target for request in server.requests] == [
        "/v1/projects/demo/interactions/..%2Fruns%3Fx%3D1%23y"
    ]


async def test_each_call_has_the_headers_of_the_moment(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on("GET", "/interactions/", Reply(200, interaction()), always=True)
    headers: dict[str, str] = {}
    async with connect(more_headers=lambda: headers) as client:
        await client.interaction("int_1")
        headers = {"X-Request-ID": "0123456789abcdef"}
        await client.acting_as("mbc_rina").interaction("int_1")
    sent = [request.headers.get("x-request-id") for request in server.requests]
    assert sent == [None, "0123456789abcdef"]


async def test_each_token_is_sent_only_with_its_own_calls_and_shown_nowhere(
    server: ScriptedServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server.on("GET", "/interactions/", Reply(200, interaction()), Reply(401), Reply(500, "x"))
    async with connect() as client:
        rina = client.acting_as("mbc_rina")
        await client.interaction("int_1")
        with pytest.raises(Unauthorized) as caught:
            await rina.interaction("int_1")
        shown = [repr(client), str(client), repr(rina), repr(vars(rina)), repr(caught.value)]
        shown += [repr(vars(client._transport)), repr(vars(rina._transport)), caplog.text]
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == [f"Bearer {TOKEN}", "Bearer mbc_rina"]
    for text in shown:
        assert TOKEN not in text
        assert "mbc_rina" not in text


@pytest.mark.parametrize("step", [CutAfterRead(), Never(), Reply(302), Reply(500)])
async def test_no_frame_of_a_failure_shows_the_token(
    server: ScriptedServer, connect: Connect, step: Reply
) -> None:
    server.on("POST", "/respond$", step)
    async with connect(timeouts=SHORT) as client:
        with pytest.raises(MobiusError) as caught:
            await client.respond("int_1", raw={}, answers=YES)
    error: BaseException | None = caught.value
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            # The first frame is this test, which knows the token by itself.
            if trace.tb_frame.f_code.co_filename != __file__:
                assert TOKEN not in repr(trace.tb_frame.f_locals)
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


async def test_a_cookie_given_to_one_person_does_not_go_out_with_anothers_token(
    server: ScriptedServer, connect: Connect
) -> None:
    server.on(
        "GET",
        "/interactions/",
        Reply(200, interaction(), {"set-cookie": "session=rina"}),
        always=True,
    )
    async with connect() as client:
        await client.acting_as("mbc_rina").interaction("int_1")
        await client.acting_as("mbc_sam").interaction("int_1")
    assert all("cookie" not in request.headers for request in server.requests)


async def test_a_pool_of_the_callers_is_left_open(server: ScriptedServer, connect: Connect) -> None:
    server.on("GET", "/interactions/", Reply(200, interaction()), always=True)
    async with httpx.AsyncClient() as http:
        async with connect(http=http) as client:
            await client.interaction("int_1")
        assert not http.is_closed
