from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission

from inbox.access import NotTheirs
from inbox.answering.outcome import Kind, Outcome
from inbox.mirror import capabilities
from inbox.mirror.run_reads import read_run
from inbox.models import Credential, Decision, Run, Upstream
from inbox.people.clients import service_client
from inbox.upstream import run_control
from inbox.upstream.run_control import Verb
from tests.support.desk import Desk
from tests.support.scripted_server import CutAfterRead, PassThenCut, Reply

WAIT = {"name": "documents", "wait_signal": {"topic": "documents"}}
CANCEL, SIGNAL = r"/cancellations$", r"/signals$"


async def started(desk: Desk, *steps: dict[str, Any]) -> str:
    def begin() -> str:
        run_id = str(desk.project.start(*(steps or (desk.project.question(),)))["id"])
        desk.project.wait_for(run_id, "suspended")
        return run_id

    run_id = await sync_to_async(begin)()
    upstream = await sync_to_async(Upstream.current)()
    await read_run(service_client(upstream), upstream, run_id)
    return run_id


async def cancel(
    desk: Desk, run_id: str, typed: str = "release", who: str = "tess"
) -> Outcome[Run]:
    reviewer = await sync_to_async(desk.person)(who)
    return await run_control.cancel(reviewer=reviewer, run_id=run_id, typed=typed)


async def signal(
    desk: Desk, run_id: str, payload: dict[str, Any] | None = None, who: str = "tess"
) -> Outcome[Run]:
    reviewer = await sync_to_async(desk.person)(who)
    return await run_control.signal(
        reviewer=reviewer, run_id=run_id, name="documents", payload=payload
    )


@sync_to_async
def log() -> list[tuple[str, str, str, str, Any]]:
    rows = Decision.objects.order_by("number")
    return list(rows.values_list("verb", "actor", "run_id", "credential_kind", "value"))


@sync_to_async
def mirrored(run_id: str) -> tuple[str, str]:
    run = Run.objects.get(mobius_id=run_id)
    return run.status, run.error_type


@sync_to_async
def run_upstream(desk: Desk, run_id: str) -> dict[str, Any]:
    return dict(desk.project.http.get(f"runs/{run_id}").json())


@sync_to_async
def end_elsewhere(desk: Desk, run_id: str) -> None:
    item = desk.project.pending(run_id)
    desk.elsewhere("user_rina", item["id"], True)
    desk.project.wait_for(run_id, "completed")


async def test_a_run_is_cancelled_under_the_leads_name_and_that_is_logged(desk: Desk) -> None:
    run_id = await started(desk)
    done = await cancel(desk, run_id)
    assert done.kind is Kind.CANCELLED
    assert (await run_upstream(desk, run_id))["error_type"] == "run_cancelled"
    assert await mirrored(run_id) == ("failed", "run_cancelled")
    assert await log() == [("run_cancelled", "user_tess", run_id, "member", {})]
    (sent,) = desk.server.seen("POST", CANCEL)
    assert sent.headers["authorization"] == f"Bearer {desk.project.tokens['user_tess']}"


@pytest.mark.parametrize("typed", ["", "Release", "release-2"])
async def test_a_wrong_name_cancels_nothing(desk: Desk, typed: str) -> None:
    run_id = await started(desk)
    done = await cancel(desk, run_id, typed)
    assert (done.kind, done.subject.confirmation_text) == (Kind.WRONG_NAME, "release")
    assert not desk.server.seen("POST", CANCEL)
    assert await log() == []


async def test_a_run_whose_workflow_has_no_name_is_cancelled_by_its_id(desk: Desk) -> None:
    run_id = await started(desk)
    await Run.objects.aupdate(workflow="")
    assert (await cancel(desk, run_id, "")).subject.confirmation_text == run_id
    assert not desk.server.seen("POST", CANCEL)
    assert (await cancel(desk, run_id, run_id)).kind is Kind.CANCELLED


async def test_a_run_that_has_ended_is_reported_without_an_error(desk: Desk) -> None:
    run_id = await started(desk)
    await end_elsewhere(desk, run_id)
    done = await cancel(desk, run_id)
    assert (done.kind, done.subject.status) == (Kind.ENDED_BEFORE, "completed")
    assert await mirrored(run_id) == ("completed", "")
    assert await log() == []


async def test_a_run_cancelled_before_is_reported_as_such(desk: Desk) -> None:
    run_id = await started(desk)
    await cancel(desk, run_id)
    done = await cancel(desk, run_id)
    assert (done.kind, done.subject.cancelled) == (Kind.ENDED_BEFORE, True)
    assert len(await log()) == 1


async def test_a_cancellation_whose_response_is_lost_shows_the_true_state(desk: Desk) -> None:
    run_id = await started(desk)
    desk.server.on("POST", CANCEL, PassThenCut())
    done = await cancel(desk, run_id)
    assert done.kind is Kind.CANCELLED
    assert len(await log()) == 1
    assert len(desk.server.seen("POST", CANCEL)) == 1


async def test_a_cancellation_that_did_not_arrive_is_reported(desk: Desk) -> None:
    run_id = await started(desk)
    desk.server.on("POST", CANCEL, CutAfterRead())
    done = await cancel(desk, run_id)
    assert done.kind is Kind.STILL_OPEN
    assert await log() == []


async def test_an_unknown_result_is_reported_and_logged_as_unknown(desk: Desk) -> None:
    run_id = await started(desk)
    reading = rf"/runs/{run_id}$"
    # The first reading is before the POST, the rest after it.
    answer = await run_upstream(desk, run_id)
    desk.server.on("GET", reading, Reply(200, answer))
    desk.server.on("GET", reading, Reply(503), always=True)
    desk.server.on("POST", CANCEL, CutAfterRead())
    done = await cancel(desk, run_id)
    assert done.kind is Kind.UNCONFIRMED
    assert await log() == [("run_cancelled", "user_tess", run_id, "member", {"arrived": "unknown"})]


async def test_while_upstream_is_away_nothing_is_sent(desk: Desk) -> None:
    run_id = await started(desk)
    desk.server.on("GET", rf"/runs/{run_id}$", Reply(503), always=True)
    done = await cancel(desk, run_id)
    assert done.kind is Kind.UNREACHABLE
    assert not desk.server.seen("POST", CANCEL)
    assert await log() == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(401, {"error": {"code": "unauthorized", "message": "no"}}), Kind.TOKEN_REFUSED),
        (Reply(403, {"error": {"code": "permission_denied", "message": "no"}}), Kind.NOT_ALLOWED),
        (Reply(404, {"error": {"code": "not_found", "message": "no"}}), Kind.DELETED),
        (Reply(409, {"error": {"code": "conflict", "message": "no"}}), Kind.CONFLICT),
        (Reply(429, {"error": {}}, {"retry-after": "7"}), Kind.RATE_LIMITED),
    ],
)
async def test_each_refusal_of_mobius_has_its_outcome(desk: Desk, reply: Reply, kind: Kind) -> None:
    run_id = await started(desk, WAIT)
    desk.server.on("POST", r"/(cancellations|signals)$", reply, always=True)
    for done in (await cancel(desk, run_id), await signal(desk, run_id, {"a": 1})):
        assert done.kind is kind
    assert await log() == []


async def test_a_signal_moves_the_run_on_and_is_logged_with_its_payload(desk: Desk) -> None:
    run_id = await started(desk, WAIT)
    done = await signal(desk, run_id, {"pages": 3})
    assert (done.kind, done.signal) == (Kind.SIGNALLED, "documents")
    await sync_to_async(desk.project.wait_for)(run_id, "completed")
    value = {"signal": "documents", "payload": {"pages": 3}}
    assert await log() == [("run_signalled", "user_tess", run_id, "member", value)]


async def test_a_signal_without_a_payload_sends_none(desk: Desk) -> None:
    run_id = await started(desk, WAIT)
    await signal(desk, run_id)
    (sent,) = desk.server.seen("POST", SIGNAL)
    assert sent.json == {"name": "documents"}


async def test_a_signal_to_a_finished_run_is_reported_without_an_error(desk: Desk) -> None:
    run_id = await started(desk)
    await end_elsewhere(desk, run_id)
    done = await signal(desk, run_id, {"a": 1})
    assert (done.kind, done.verb) == (Kind.ENDED_BEFORE, Verb.SIGNAL)
    assert await mirrored(run_id) == ("completed", "")
    assert await log() == []


async def test_a_signal_of_unknown_outcome_is_not_sent_twice(desk: Desk) -> None:
    run_id = await started(desk, WAIT)
    desk.server.on("POST", SIGNAL, PassThenCut())
    done = await signal(desk, run_id, {"a": 1})
    assert done.kind is Kind.UNCONFIRMED
    assert len(desk.server.seen("POST", SIGNAL)) == 1
    (entry,) = await log()
    assert entry[4]["arrived"] == "unknown"


async def test_without_a_token_nothing_is_sent(desk: Desk) -> None:
    run_id = await started(desk)
    await sync_to_async(Credential.objects.all().delete)()
    done = await cancel(desk, run_id)
    assert done.kind is Kind.NO_CREDENTIAL
    assert not desk.server.seen("POST", CANCEL)


@pytest.mark.parametrize("who", ["rina", "tess"])
async def test_without_the_permission_the_run_is_not_theirs(desk: Desk, who: str) -> None:
    run_id = await started(desk)

    def take() -> None:
        desk.person("tess").user.user_permissions.clear()
        given = Permission.objects.get(codename="manage_groups")
        desk.person("tess").user.user_permissions.add(given)

    await sync_to_async(take)()
    for call in (cancel(desk, run_id, who=who), signal(desk, run_id, who=who)):
        with pytest.raises(NotTheirs):
            await call
    assert not desk.server.seen("POST", rf"{CANCEL}|{SIGNAL}")


async def test_a_run_that_is_not_there_is_not_theirs(desk: Desk) -> None:
    with pytest.raises(NotTheirs):
        await cancel(desk, "run_none")


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_mobius_that_cannot_cancel_is_not_asked_again(desk: Desk, status: int) -> None:
    run_id = await started(desk)
    desk.server.on("POST", CANCEL, Reply(status, {}))
    assert not (await cancel(desk, run_id)).done
    assert (await sync_to_async(capabilities.facts)())["cancellation"] == "no"
