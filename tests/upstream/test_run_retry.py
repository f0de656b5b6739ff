from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission

from inbox.access import NotTheirs
from inbox.answering.outcome import Kind, Outcome
from inbox.mirror.run_reads import read_run
from inbox.models import Decision, Run, Upstream
from inbox.people.clients import service_client
from inbox.upstream import run_control
from tests.support.desk import Desk
from tests.support.scripted_server import CutAfterRead, PassThenCut, Reply

FAIL = {"name": "import", "action": "fail", "parameters": {"message": "No file"}}
RETRY = r"/retry$"
AWAY = Reply(503)


@sync_to_async
def wire(desk: Desk, run_id: str) -> dict[str, Any]:
    return dict(desk.project.http.get(f"runs/{run_id}").json())


async def failed(desk: Desk) -> str:
    def begin() -> str:
        run_id: str = desk.project.run_story(FAIL)  # type: ignore[attr-defined]
        # The stream closes once the run has ended.
        stream = {"Accept": "text/event-stream"}
        desk.project.http.get(f"runs/{run_id}/events", headers=stream)
        return run_id

    run_id = await sync_to_async(begin)()
    upstream = await sync_to_async(Upstream.current)()
    await read_run(service_client(upstream), upstream, run_id)
    return run_id


async def retry(desk: Desk, run_id: str, who: str = "tess") -> Outcome[Run]:
    reviewer = await sync_to_async(desk.person)(who)
    return await run_control.retry(reviewer=reviewer, run_id=run_id)


@sync_to_async
def log() -> list[tuple[str, str, str, str, Any]]:
    rows = Decision.objects.order_by("number")
    return list(rows.values_list("verb", "actor", "run_id", "credential_kind", "value"))


async def test_a_run_is_retried_under_the_leads_name_and_that_is_logged(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    done = await retry(later_desk, run_id)
    assert (done.kind, done.subject.attempt, done.subject.finished) == (Kind.RETRIED, 2, False)
    assert await log() == [("run_retried", "user_tess", run_id, "member", {})]
    (sent,) = later_desk.server.seen("POST", RETRY)
    assert sent.headers["authorization"] == f"Bearer {later_desk.project.tokens['user_tess']}"


async def test_a_retry_whose_response_is_lost_is_found_by_reading(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    later_desk.server.on("POST", RETRY, PassThenCut())
    assert (await retry(later_desk, run_id)).kind is Kind.RETRIED
    assert len(await log()) == len(later_desk.server.seen("POST", RETRY)) == 1


async def test_a_retry_that_did_not_arrive_is_not_sent_again(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    later_desk.server.on("POST", RETRY, CutAfterRead())
    assert (await retry(later_desk, run_id)).kind is Kind.STILL_OPEN
    assert await log() == []
    assert len(later_desk.server.seen("POST", RETRY)) == 1


async def test_an_unknown_result_is_logged_as_unknown(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    reading = rf"/runs/{run_id}$"
    later_desk.server.on("GET", reading, Reply(200, await wire(later_desk, run_id)))
    later_desk.server.on("GET", reading, AWAY, always=True)
    later_desk.server.on("POST", RETRY, PassThenCut())
    assert (await retry(later_desk, run_id)).kind is Kind.UNCONFIRMED
    assert await log() == [("run_retried", "user_tess", run_id, "member", {"arrived": "unknown"})]


@pytest.mark.parametrize(
    "shown",
    [
        {"status": "running", "stop_reason": None},
        {"status": "cancelled", "stop_reason": "cancelled"},
        {"stop_reason": "budget_exceeded"},
        {"stop_reason": "progress_stalled"},
    ],
)
async def test_only_a_failed_run_that_reached_no_limit_is_retried(
    later_desk: Desk, shown: dict[str, Any]
) -> None:
    run_id = await failed(later_desk)
    newer = {**await wire(later_desk, run_id), **shown, "updated_at": "2099-01-01T00:00:00Z"}
    later_desk.server.on("GET", rf"/runs/{run_id}$", Reply(200, newer))
    assert (await retry(later_desk, run_id)).kind is Kind.NOT_RETRYABLE
    assert not later_desk.server.seen("POST", RETRY)


async def test_the_second_of_two_leads_is_told_that_the_run_goes_on(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    before = await wire(later_desk, run_id)
    goes_on = {**before, "status": "running", "attempt": 2, "updated_at": "2099-01-01T00:00:00Z"}
    later_desk.server.on("GET", rf"/runs/{run_id}$", Reply(200, before), Reply(200, goes_on))
    later_desk.server.on("POST", RETRY, Reply(409, {"error": {"code": "conflict"}}))
    done = await retry(later_desk, run_id)
    assert (done.kind, done.subject.status) == (Kind.NOT_RETRYABLE, "running")
    assert await log() == []


async def test_a_token_without_the_right_changes_nothing(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    later_desk.server.on("POST", RETRY, Reply(403, {"error": {"code": "permission_denied"}}))
    assert (await retry(later_desk, run_id)).kind is Kind.NOT_ALLOWED
    assert await log() == []


async def test_without_the_permission_the_run_is_not_theirs(later_desk: Desk) -> None:
    run_id = await failed(later_desk)
    given = Permission.objects.filter(codename="retry_run")
    tess = await sync_to_async(later_desk.person)("tess")
    await sync_to_async(tess.user.user_permissions.remove)(*[each async for each in given])
    for who in ("rina", "tess"):
        with pytest.raises(NotTheirs):
            await retry(later_desk, run_id, who)
    assert not later_desk.server.seen("POST", RETRY)
