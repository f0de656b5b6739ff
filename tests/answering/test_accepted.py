from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.answering import draft
from inbox.answering.confirming import FIRST_INTERVAL, INTERVAL, Confirmer, confirm
from inbox.answering.draft import TypedIn
from inbox.answering.outcome import Kind
from inbox.answering.respond import recheck, respond, settle_open
from inbox.answering.underway import sent_to
from inbox.models import Attempt, Decision, Draft
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.upstream import upkeep
from tests.support.desk import attempts, decisions, drafts
from tests.support.guide_desk import GuideDesk
from tests.support.snapshots import APPROVED, only_answer
from tests.upstream import GuideServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(settings: Any, guide_server: GuideServer, patience: None) -> GuideDesk:
    return GuideDesk(guide_server, settings)


async def answer(desk: GuideDesk, id: str, value: Any = True, *, who: str = "rina", **more: Any):
    reviewer = await sync_to_async(desk.person)(who)
    given = {"comment": "Go", "operation_id": "op1", **more}
    return await respond(reviewer=reviewer, interaction_id=id, answers=only_answer(value), **given)


def later(desk: GuideDesk, status: int = 202, body: str = "unchanged") -> None:
    desk.server.offers.processes = False
    desk.server.offers.respond_status, desk.server.offers.respond_body = status, body


async def confirm_all() -> list[float | None]:
    rows = Attempt.objects.filter(state=Attempt.State.ACCEPTED).values_list("pk", flat=True)
    return [await confirm(pk) for pk in await sync_to_async(list)(rows)]


async def age(by: timedelta) -> None:
    await Attempt.objects.aupdate(accepted_at=timezone.now() - by)


@pytest.mark.parametrize("status", [200, 202])
async def test_an_answer_that_mobius_takes_is_received(desk: GuideDesk, status: int) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk, status)
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.done) == (Kind.RECEIVED, True)
    assert await attempts() == [("accepted", "")]
    assert await drafts() == []
    assert await decisions() == []
    desk.server.state.process()
    assert await confirm_all() == [None]
    assert await attempts() == [("answered", "respond")]
    (entry,) = await decisions()
    assert (entry.account, entry.answers, entry.comment) == ("rina", APPROVED, "Go")


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_a_success_without_a_body_is_unconfirmed_until_the_question_shows_it(
    desk: GuideDesk, status: int
) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk, status, "none")
    outcome = await answer(desk, item.mobius_id)
    assert (outcome.kind, outcome.done) == (Kind.UNCONFIRMED, False)
    assert await attempts() == [("unconfirmed", "")]
    assert await drafts() == [(["true"], "Go")]
    desk.server.state.process()
    await sync_to_async(desk.read)(item.mobius_id)
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    assert len(desk.server.requests("respond")) == 1


async def test_where_all_must_answer_others_still_have_to(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)(to="group:approvers", require_all=True)
    later(desk)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.RECEIVED
    assert outcome.subject.missing == ["user_rina", "user_sam", "user_lee"]
    sam = await sync_to_async(desk.person)("sam")
    sent = await sync_to_async(sent_to)(sam.user_id, outcome.subject)
    assert (sent.underway, sent.received) == (None, {"user_rina"})
    assert (await answer(desk, item.mobius_id, who="sam", operation_id="op2")).done


@pytest.mark.parametrize("require_all", [False, True])
@pytest.mark.parametrize("processes", [False, True])
async def test_where_it_is_unknown_how_many_must_answer_others_may_have_to(
    desk: GuideDesk, require_all: bool, processes: bool
) -> None:
    desk.server.offers.tells_policy = False
    item = await sync_to_async(desk.ask)(to="group:approvers", require_all=require_all)
    if not processes:
        later(desk)
    outcome = await answer(desk, item.mobius_id)
    assert not outcome.subject.policy_is_known
    if processes:
        assert outcome.kind is (Kind.PENDING_OTHERS if require_all else Kind.ANSWERED)
    else:
        assert outcome.kind is Kind.RECEIVED


async def test_an_accepted_answer_is_not_sent_again(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    assert (await answer(desk, item.mobius_id)).kind is Kind.RECEIVED
    rina = await sync_to_async(desk.person)("rina")
    looked = await recheck(reviewer=rina, interaction_id=item.mobius_id, operation_id="op1")
    assert looked.kind is Kind.RECEIVED
    other = await answer(desk, item.mobius_id, value=False, operation_id="op2")
    assert other.kind is Kind.PROCESSING
    assert await drafts() == [(["false"], "Go")]
    await settle_open()
    assert len(desk.server.requests("respond")) == 1


async def test_where_one_answer_is_enough_no_one_else_can_answer(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)(to="group:approvers")
    later(desk)
    await answer(desk, item.mobius_id)
    outcome = await answer(desk, item.mobius_id, who="sam", value=False)
    assert outcome.kind is Kind.PROCESSING
    assert (outcome.underway.name, outcome.underway.mine) == ("Rina", False)
    sam = await sync_to_async(desk.person)("sam")
    seen = (await sync_to_async(sent_to)(sam.user_id, item)).underway
    assert seen is not None
    assert not seen.mine
    assert len(desk.server.requests("respond")) == 1


async def test_it_is_read_every_two_seconds_then_every_thirty(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    assert await confirm_all() == [FIRST_INTERVAL]
    await age(timedelta(seconds=61))
    assert await confirm_all() == [INTERVAL]
    assert await attempts() == [("accepted", "")]


async def test_after_five_minutes_it_can_be_sent_again(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    await age(GIVE_UP_AFTER + timedelta(seconds=1))
    assert await confirm_all() == [None]
    assert await attempts() == [("unconfirmed", "")]
    assert await drafts() == [(["true"], "Go")]
    (entry,) = await decisions()
    assert (entry.verb, entry.account) == ("answer_unconfirmed", "rina")
    desk.server.offers.processes = True
    desk.server.offers.respond_body = "interaction"
    again = await answer(desk, item.mobius_id, operation_id="op2")
    assert again.kind is Kind.ANSWERED
    assert sorted(state for state, _ in await attempts()) == ["answered", "refused"]
    assert [entry.verb for entry in await decisions()] == ["answer_unconfirmed", "respond"]
    assert await drafts() == []


async def test_the_earlier_text_stays_until_an_accepted_answer_is_shown(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    typed = {"values": {}, "comment": "From the phone", "typed_in": TypedIn(form="phone")}
    await sync_to_async(draft.save)(reviewer=rina, interaction_id=item.mobius_id, **typed)
    later(desk)
    await answer(desk, item.mobius_id)
    assert await drafts() == [([], "From the phone")]
    await age(GIVE_UP_AFTER + timedelta(seconds=1))
    await confirm_all()
    assert await drafts() == [(["true"], "Go")]
    assert (await Draft.objects.aget()).earlier_comment == "From the phone"


async def test_an_answer_that_shows_after_five_minutes_is_the_persons(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    await age(GIVE_UP_AFTER + timedelta(seconds=1))
    await confirm_all()
    desk.server.state.process()
    await sync_to_async(desk.read)(item.mobius_id)
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    assert await sync_to_async(Decision.objects.filter(observed=True).exists)() is False


async def test_an_answer_that_lee_was_before_is_kept_as_text(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)(to="group:approvers")
    later(desk)
    await answer(desk, item.mobius_id)
    desk.server.offers.processes = True
    desk.server.state.respond(item.mobius_id, {"value": False}, "mbc_user_lee")
    assert await confirm_all() == [None]
    assert await attempts() == [("refused", "closed")]
    assert await drafts() == [(["true"], "Go")]


async def test_reading_continues_after_a_restart(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    desk.server.state.process()
    restarted = Confirmer()
    await restarted.load()
    await restarted.read_due()
    assert await attempts() == [("answered", "respond")]


async def test_accepted_answers_of_another_process_are_read_within_a_minute(
    desk: GuideDesk,
) -> None:
    running = Confirmer()
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    desk.server.state.process()
    await running.read_due()
    assert await attempts() == [("accepted", "")]
    await upkeep.once(running)
    await running.read_due()
    assert await attempts() == [("answered", "respond")]


@pytest.mark.parametrize("status", [400, 401, 403, 422])
async def test_a_question_that_mobius_refuses_to_show_is_unconfirmed_after_five_minutes(
    desk: GuideDesk, status: int
) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    desk.server.offers.refuses["interaction"] = status
    assert await confirm_all() == [FIRST_INTERVAL]
    await age(GIVE_UP_AFTER + timedelta(seconds=1))
    assert await confirm_all() == [None]
    assert await attempts() == [("unconfirmed", "")]
    assert await drafts() == [(["true"], "Go")]


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [(503, None, INTERVAL), (429, None, INTERVAL), (429, 90, 90), (429, 10**9, 86400)],
)
async def test_while_mobius_is_away_or_busy_an_accepted_answer_waits(
    desk: GuideDesk, status: int, retry_after: int | None, pause: float
) -> None:
    item = await sync_to_async(desk.ask)()
    later(desk)
    await answer(desk, item.mobius_id)
    desk.server.offers.refuses["interaction"] = status
    desk.server.offers.retry_after = retry_after
    await age(GIVE_UP_AFTER + timedelta(seconds=1))
    assert await confirm_all() == [pause]
    assert await attempts() == [("accepted", "")]


RESPONDERS = ("person", "key", "group", "none")


@pytest.mark.parametrize("responder", RESPONDERS)
@pytest.mark.parametrize("to", ["user_rina", "group:approvers"])
@pytest.mark.parametrize("body", ["interaction", "none"])
async def test_it_is_the_persons_answer_whoever_is_named_as_responder(
    desk: GuideDesk, responder: Any, to: str, body: Any
) -> None:
    desk.server.offers.responder, desk.server.offers.respond_body = responder, body
    item = await sync_to_async(desk.ask)(to=to)
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.ANSWERED
    await sync_to_async(desk.read)(item.mobius_id)
    await confirm_all()
    await is_rinas(desk, item.mobius_id)


@pytest.mark.parametrize("responder", RESPONDERS)
@pytest.mark.parametrize("first", ["sync", "settling"])
async def test_after_a_time_out_the_answer_is_the_persons_whoever_is_named(
    desk: GuideDesk, responder: Any, first: str
) -> None:
    desk.server.offers.responder = responder
    item = await sync_to_async(desk.ask)()
    # The request arrives and its response is lost, and so is the read after it.
    desk.server.offers.respond_status = 504
    desk.server.offers.refuses["interaction"] = 503
    outcome = await answer(desk, item.mobius_id)
    assert outcome.kind is Kind.UNCONFIRMED
    del desk.server.offers.refuses["interaction"]
    if first == "sync":
        await sync_to_async(desk.read)(item.mobius_id)
    await settle_open()
    await is_rinas(desk, item.mobius_id)


async def is_rinas(desk: GuideDesk, id: str) -> None:
    """Check the page and the log."""
    item = await sync_to_async(desk.read)(id)
    assert [(one["user_id"], one["answers"]) for one in item.responses] == [("user_rina", APPROVED)]
    assert item.responder_id == "user_rina"
    assert await attempts() == [("answered", "respond")]
    entries = await sync_to_async(list)(Decision.objects.all())
    assert [(one.account, one.actor, one.observed) for one in entries] == [
        ("rina", "user_rina", False)
    ]
