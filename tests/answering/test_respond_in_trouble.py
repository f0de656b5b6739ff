import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from cryptography.fernet import Fernet
from django.utils import timezone

from inbox.answering import attempts as steps
from inbox.answering import draft
from inbox.answering.draft import TypedIn
from inbox.answering.outcome import Kind
from inbox.answering.respond import respond, settle_open
from inbox.models import Attempt, Credential
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.people import clients
from tests.support.desk import Desk, attempts, decisions, drafts
from tests.support.scripted_server import (
    CutAfterRead,
    CutBeforeRead,
    Half,
    Hold,
    Never,
    Pass,
    PassThenCut,
    PassThenReply,
    Reply,
)
from tests.support.snapshots import APPROVED, REJECTED, only_answer

READ = r"/interactions/[^/]+$"
SENT = r"/respond$"


def failure(status: int, code: str = "", message: str = "No.") -> Reply:
    return Reply(status, {"error": {"code": code or "bad_request", "message": message}})


async def answer(desk: Desk, id: str, value: Any = True, **more: Any) -> Any:
    rina = await sync_to_async(desk.person)("rina")
    given = {"comment": "Go", "operation_id": "op1", **more}
    return await respond(reviewer=rina, interaction_id=id, answers=only_answer(value), **given)


@pytest.mark.parametrize(
    "step",
    [
        PassThenCut(),
        PassThenReply(500),
        PassThenReply(502, "<html>Bad gateway</html>"),
        PassThenReply(200, "<html>Sign in</html>"),
    ],
)
async def test_an_answer_that_arrived_counts_as_mine_and_sent_once(desk: Desk, step: Any) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, step)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.ANSWERED
    assert len(desk.posts()) == 1
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    (entry,) = await decisions()
    assert (entry.answers, entry.comment) == (APPROVED, "Go")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
async def test_an_answer_that_arrived_is_mine_whatever_status_came_back(
    desk: Desk, status: int
) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenReply(status, "<html>Proxy</html>"))
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.ANSWERED
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    (entry,) = await decisions()
    assert (entry.account, entry.answers, entry.http_status) == ("rina", APPROVED, status)
    assert (await Credential.objects.aget(reviewer__user__username="rina")).refused_at is None
    assert len(desk.posts()) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
async def test_a_refusal_that_cannot_be_checked_is_not_called_unsent(
    desk: Desk, status: int
) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenReply(status))
    desk.server.on("GET", READ, Reply(500), always=True)
    outcome = await answer(desk, item.mobius_id)
    limited = (Kind.RATE_LIMITED, False)
    assert (outcome.kind, outcome.checked) == (
        limited if status == 429 else (Kind.UNCONFIRMED, True)
    )
    assert await attempts() == [("open", "")]
    desk.server.forget()
    await settle_open()
    (entry,) = await decisions()
    assert (entry.account, entry.http_status) == ("rina", status)


async def test_the_same_answer_again_after_it_arrived_is_one_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    await answer(desk, item.mobius_id)
    desk.server.forget()
    await settle_open()
    again = await answer(desk, item.mobius_id, operation_id="op2")
    assert again.kind is Kind.ANSWERED
    assert await drafts() == []
    assert len(desk.posts()) == 1


async def test_the_same_answer_again_is_mine_though_only_the_sync_has_heard_of_it(
    desk: Desk,
) -> None:
    item = await sync_to_async(desk.ask)()
    await died_before_sending(desk, item)
    desk.elsewhere("user_rina", item.mobius_id, True, "Go")
    await sync_to_async(desk.read)(item.mobius_id)
    again = await answer(desk, item.mobius_id, operation_id="op2")
    assert again.kind is Kind.ANSWERED
    assert [entry.operation_id for entry in await decisions()] == ["op1"]


@pytest.mark.parametrize(
    "step",
    [
        CutBeforeRead(),
        CutAfterRead(),
        Reply(500),
        Reply(503),
        Half({"id": "int_1", "status": "completed"}),
    ],
)
async def test_an_answer_that_did_not_arrive_can_be_sent_again(desk: Desk, step: Any) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, step)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.STILL_OPEN
    assert await drafts() == [(["true"], "Go")]
    assert len(desk.posts()) == 1
    again = await answer(desk, item.mobius_id)
    assert again.kind is Kind.ANSWERED
    assert len(desk.posts()) == 2
    assert await attempts() == [("answered", "respond")]
    assert len(await decisions()) == 1


@pytest.mark.parametrize(
    "step",
    [
        PassThenReply(200, "not JSON"),
        PassThenReply(200, {"ok": True}),
        PassThenReply(200, {"id": "int_other"}),
    ],
)
async def test_after_a_good_status_without_the_question_it_is_read(desk: Desk, step: Any) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, step)
    assert (await answer(desk, item.mobius_id)).kind is Kind.ANSWERED
    assert (await answer(desk, item.mobius_id)).kind is Kind.ANSWERED
    assert len(desk.posts()) == 1
    assert await attempts() == [("answered", "respond")]
    assert len(await decisions()) == 1


async def test_a_proxys_page_to_sign_in_at_is_no_answer_received(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, Reply(200, "<!doctype html><title>Sign in</title>"))
    assert (await answer(desk, item.mobius_id)).kind is Kind.STILL_OPEN
    assert await attempts() == [("open", "")]
    assert await drafts() == [(["true"], "Go")]
    assert (await answer(desk, item.mobius_id)).kind is Kind.ANSWERED
    assert await attempts() == [("answered", "respond")]


async def test_if_my_answer_was_lost_lees_is_reported(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    held = Hold(CutAfterRead())
    desk.server.on("POST", SENT, held)
    mine = asyncio.ensure_future(answer(desk, item.mobius_id, False))
    await asyncio.to_thread(held.reached.wait)
    desk.elsewhere("user_lee", item.mobius_id, True)
    held.release()
    outcome = await mine
    assert (outcome.kind, outcome.subject.answered_by) == (Kind.CLOSED, ["user_lee"])
    assert await drafts() == [(["false"], "Go")]


async def test_my_answer_from_elsewhere_is_reported_if_this_one_was_lost(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    held = Hold(CutAfterRead())
    desk.server.on("POST", SENT, held)
    mine = asyncio.ensure_future(answer(desk, item.mobius_id, True))
    await asyncio.to_thread(held.reached.wait)
    desk.elsewhere("user_rina", item.mobius_id, False)
    held.release()
    outcome = await mine
    assert outcome.kind is Kind.ALREADY_ANSWERED
    assert outcome.subject.responses[0]["answers"] == REJECTED
    assert await decisions() == []


async def test_an_unknown_result_is_reported_and_settled_later(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.UNCONFIRMED
    assert await attempts() == [("open", "")]
    assert await drafts() == [(["true"], "Go")]
    await settle_open()
    assert await attempts() == [("open", "")]
    desk.server.forget()
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    assert [entry.answers for entry in await decisions()] == [APPROVED]


async def test_text_typed_after_an_unknown_result_stays_when_that_answer_is_found(
    desk: Desk,
) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    typed_in = TypedIn(form="op1")
    await answer(desk, item.mobius_id, typed_in=typed_in)
    await sync_to_async(draft.save)(
        reviewer=await sync_to_async(desk.person)("rina"),
        interaction_id=item.mobius_id,
        values={},
        comment="Go, but only after noon",
        typed_in=typed_in,
    )
    desk.server.forget()
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    await sync_to_async(draft.tidy)()
    assert await drafts() == [([], "Go, but only after noon")]


async def test_sending_again_after_an_unknown_result_is_still_one_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    await answer(desk, item.mobius_id)
    desk.server.forget()
    again = await answer(desk, item.mobius_id)
    assert again.kind is Kind.ANSWERED
    assert len(desk.posts()) == 1
    assert len(await decisions()) == 1


async def test_a_fresh_form_after_a_lost_answer_finds_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    await answer(desk, item.mobius_id)
    desk.server.forget()
    outcome = await answer(desk, item.mobius_id, operation_id="op2")
    assert outcome.kind is Kind.ANSWERED
    assert await attempts() == [("answered", "respond"), ("refused", "already_answered")]
    assert [entry.operation_id for entry in await decisions()] == ["op1"]


async def test_a_different_answer_after_a_lost_response_shows_which_one_counts(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(500), always=True)
    await answer(desk, item.mobius_id, True)
    desk.server.forget()
    outcome = await answer(desk, item.mobius_id, False, operation_id="op2")
    assert outcome.kind is Kind.ALREADY_ANSWERED
    assert outcome.subject.responses[0]["answers"] == APPROVED
    assert [entry.answers for entry in await decisions()] == [APPROVED]


async def test_a_refused_connection_counts_as_not_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.refuse()
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.UNREACHABLE
    assert await attempts() == [("refused", "not_sent")]
    assert await drafts() == [(["true"], "Go")]
    desk.server.listen()
    assert (await answer(desk, item.mobius_id)).kind is Kind.ANSWERED


@pytest.mark.slow
async def test_a_mobius_that_never_answers_is_given_up_and_read(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, Never())
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.STILL_OPEN
    assert len(desk.posts()) == 1


async def test_a_refused_token_is_marked_and_the_text_kept(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, failure(401, "unauthorized"))
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.TOKEN_REFUSED
    credential = await Credential.objects.aget(reviewer__user__username="rina")
    assert credential.refused_at is not None
    assert await drafts() == [(["true"], "Go")]
    again = await answer(desk, item.mobius_id)
    assert again.kind is Kind.ANSWERED
    await credential.arefresh_from_db()
    assert credential.refused_at is None


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (failure(400, "bad_request", "value: expected a boolean"), "value: expected a boolean"),
        (failure(403, "permission_denied", "a member token is needed"), "a member token is needed"),
        (failure(404, "not_found", "no such interaction"), "no such interaction"),
        (failure(413, "payload_too_large", "at most 1 MiB"), "at most 1 MiB"),
    ],
)
async def test_the_reason_of_mobius_for_a_refusal_is_shown(
    desk: Desk, step: Reply, reason: str
) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, step)
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.message) == (Kind.NOT_ACCEPTED, reason)
    assert [state for state, _ in await attempts()] == ["refused"]
    assert await drafts() == [(["true"], "Go")]


async def test_a_late_claim_that_counts_as_400_is_read_again(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    desk.elsewhere("user_sam", item.mobius_id, True)
    desk.server.on("POST", SENT, failure(400))
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.CLOSED


async def test_a_conflict_that_the_question_does_not_show_can_be_sent_again(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, failure(409, "conflict"))
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.STILL_OPEN
    assert await attempts() == [("refused", "conflict")]


async def test_a_deleted_question_is_reported(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.server.on("POST", SENT, failure(404, "not_found"))
    desk.server.on("GET", READ, failure(404, "not_found"))
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.CLOSED
    assert outcome.subject.deleted
    assert await attempts() == [("refused", "deleted")]


async def test_a_rate_limit_says_when_to_send_again(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    body = {"error": {"code": "rate_limit_exceeded", "message": "slow down"}}
    desk.server.on("POST", SENT, Reply(429, body, {"Retry-After": "7"}))
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.retry_after) == (Kind.RATE_LIMITED, 7)
    assert outcome.checked
    assert await attempts() == [("refused", "rate_limit_exceeded")]
    assert len(desk.posts()) == 1


async def test_an_answer_counts_once_if_the_browser_leaves_while_it_is_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    held = Hold(Pass())
    desk.server.on("POST", SENT, held)
    first = asyncio.ensure_future(answer(desk, item.mobius_id))
    await asyncio.to_thread(held.reached.wait)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await attempts() == [("open", "")]
    again = await answer(desk, item.mobius_id)
    held.release()
    assert again.kind is Kind.ANSWERED
    assert await attempts() == [("answered", "respond")]
    assert len(await decisions()) == 1


@sync_to_async
def died_before_sending(desk: Desk, item: Any) -> Attempt:
    answer = steps.Submission(desk.person("rina"), item.mobius_id, APPROVED, "Go", "op1")
    return steps.begin(answer, item, clients.RequestCredential("member"))


async def test_a_crash_before_the_post_keeps_the_draft_and_is_settled_later(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    attempt = await died_before_sending(desk, item)
    await settle_open()
    assert await attempts() == [("open", "")]
    before = timezone.now() - GIVE_UP_AFTER - timedelta(seconds=1)
    await Attempt.objects.filter(pk=attempt.pk).aupdate(created_at=before)
    await settle_open()
    assert await attempts() == [("refused", "never_arrived")]
    assert await drafts() == [(["true"], "Go")]
    assert (await answer(desk, item.mobius_id)).kind is Kind.ANSWERED


async def test_a_crash_after_the_post_is_settled_at_the_next_start(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await died_before_sending(desk, item)
    desk.elsewhere("user_rina", item.mobius_id, True, "Go")
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    (entry,) = await decisions()
    assert (entry.account, entry.comment) == ("rina", "Go")


async def test_after_a_crash_someone_elses_answer_is_settled_as_theirs(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    await died_before_sending(desk, item)
    desk.elsewhere("user_lee", item.mobius_id, False)
    await settle_open()
    assert await attempts() == [("refused", "closed")]
    assert await drafts() == [(["true"], "Go")]
    assert await decisions() == []


async def test_settling_twice_changes_nothing(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await died_before_sending(desk, item)
    desk.elsewhere("user_rina", item.mobius_id, True, "Go")
    await asyncio.gather(settle_open(), settle_open())
    await settle_open()
    assert len(await decisions()) == 1


async def test_without_a_token_nothing_is_sent_and_the_text_is_kept(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await Credential.objects.all().adelete()
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.lost) == (Kind.NO_CREDENTIAL, False)
    assert desk.posts() == []
    assert await drafts() == [(["true"], "Go")]


async def test_a_token_whose_key_is_lost_is_reported_as_such(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.lost) == (Kind.NO_CREDENTIAL, True)
    assert desk.posts() == []


async def test_the_service_key_answers_for_one_person_only_where_it_may(desk: Desk) -> None:
    direct = await sync_to_async(desk.ask)()
    group = await sync_to_async(desk.ask_group)()
    await Credential.objects.all().adelete()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    # The engine takes a group's answer only from a member of it.
    assert (await answer(desk, group.mobius_id)).kind is Kind.KEY_REFUSED
    outcome = await answer(desk, direct.mobius_id, operation_id="op2")
    assert outcome.kind is Kind.ANSWERED
    assert desk.upstream(direct.mobius_id)["responder"]["id"] == "user_rina"
    kinds = [entry.credential_kind for entry in await decisions() if entry.verb == "respond"]
    assert kinds == ["service"]


async def test_a_refused_service_key_is_not_the_readers_fault(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await Credential.objects.all().adelete()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    desk.server.on("*", r"/interactions/", failure(401, "unauthorized"), always=True)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.KEY_REFUSED


async def test_a_member_token_goes_before_the_service_key(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    await answer(desk, item.mobius_id)
    assert [entry.credential_kind for entry in await decisions()] == ["member"]
