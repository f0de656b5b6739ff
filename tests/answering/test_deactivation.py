"""Deactivating a person who leaves: what is done in which order, and what can't be."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from inbox.answering import batches, claiming, deactivation
from inbox.answering.batch_runner import BatchRunner
from inbox.answering.batches import Chosen
from inbox.answering.deactivation import Blocked, Deactivated, NotDeactivated, Reason
from inbox.answering.held import send
from inbox.answering.outcome import Kind
from inbox.answering.respond import respond
from inbox.audit.origin import BACKGROUND, Actor, Origin, acting
from inbox.audit.verify import verify
from inbox.models import ActionAttempt, Attempt, Batch, Credential, Interaction, Notice, OneTimeLink
from inbox.people import links, member_tokens
from inbox.people.sessions import open_sessions
from tests.support.desk import Desk, attempts, decisions, drafts
from tests.support.scripted_server import Hold, Pass, PassThenCut, Reply
from tests.support.snapshots import APPROVED
from tests.web.cast import sign_in

READ = r"/interactions/[^/]+$"
RELEASE = r"/release$"
SENT = r"/respond$"


@pytest.fixture(autouse=True)
def _an_administrator_asks(monkeypatch: Any) -> Iterator[None]:
    monkeypatch.setattr(deactivation, "TRY_AGAIN_AFTER", 0.01)
    monkeypatch.setattr(deactivation, "TRY_FOR", 0.1)
    with acting(lambda: Actor("admin", "", Origin("10.0.0.7"))):
        yield


async def deactivate(desk: Desk, name: str = "rina", by: str = "admin") -> Deactivated:
    person = await sync_to_async(desk.person)(name)
    boss = await sync_to_async(desk.person)(by) if by else None
    return await deactivation.deactivate(reviewer=person, by=boss, origin=Origin("10.0.0.7"))


async def claimed(desk: Desk, who: str = "rina", **fields: Any) -> Interaction:
    item: Interaction = await sync_to_async(desk.ask_group)(**fields)
    person = await sync_to_async(desk.person)(who)
    outcome = await claiming.claim(reviewer=person, interaction_id=item.mobius_id)
    assert outcome.kind is Kind.CLAIMED
    return item


async def answer(desk: Desk, item: Interaction, *, held: bool = False, rina: Any = None) -> Any:
    """``rina`` is the reviewer as her request has loaded her."""
    rina = rina or await sync_to_async(desk.person)("rina")
    wait = timedelta(seconds=30) if held else None
    return await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        comment="Go",
        hold_for=wait,
    )


@sync_to_async
def is_active(name: str) -> bool:
    return User.objects.get(username=name).is_active


@sync_to_async
def has_token(name: str = "rina") -> bool:
    return Credential.objects.filter(reviewer__user__username=name).exists()


@sync_to_async
def sessions(name: str = "rina") -> int:
    return len(open_sessions(User.objects.get(username=name)))


def claimant(desk: Desk, item: Interaction) -> Any:
    return desk.upstream(item.mobius_id)["claimed_by"]


async def entries() -> list[tuple[str, str, str]]:
    assert await sync_to_async(lambda: verify().intact)()
    return [(entry.verb, entry.account, entry.interaction_id) for entry in await decisions()]


def reasons(done: Deactivated) -> list[tuple[str, Kind]]:
    return [(outcome.subject.mobius_id, outcome.kind) for outcome in done.kept]


async def test_everything_is_undone_in_order_and_the_log_says_so(desk: Desk) -> None:
    mine, item = await claimed(desk), await sync_to_async(desk.ask)()
    await answer(desk, item, held=True)
    for _ in range(2):
        await sync_to_async(sign_in)("rina")
    await sync_to_async(lambda: links.make_sign_in(User.objects.get(username="rina")))()
    before = len(await decisions())
    done = await deactivate(desk)
    assert (done.answers, done.released, done.kept, done.token, done.sessions) == (
        1,
        1,
        (),
        True,
        2,
    )
    assert not await is_active("rina")
    assert claimant(desk, mine) is None
    assert await attempts() == [("refused", "not_sent")]
    assert desk.posts() == []
    assert (await has_token(), await sessions()) == (False, 0)
    assert not await OneTimeLink.objects.aexists()
    assert (await entries())[before:] == [
        ("account_switched_off", "admin", ""),
        ("answer_withdrawn", "admin", item.mobius_id),
        ("release", "rina", mine.mobius_id),
        ("token_removed", "admin", ""),
    ]
    release = (await decisions())[before + 2]
    assert (release.value, release.credential_kind) == ({"by": "admin"}, "member")
    assert release.address == "10.0.0.7"


async def test_the_text_of_a_withdrawn_answer_is_kept_for_someone_who_comes_back(
    desk: Desk,
) -> None:
    item = await sync_to_async(desk.ask)()
    await answer(desk, item, held=True)
    await deactivate(desk)
    assert await drafts() == [(["true"], "Go")]
    notice = await Notice.objects.aget()
    assert (notice.kind, notice.reason) == ("not_sent", "deactivated")


async def test_the_questions_that_others_cannot_complete_are_listed(desk: Desk) -> None:
    direct, board = (
        await sync_to_async(desk.ask)(),
        await sync_to_async(desk.ask_group)("change-board"),
    )
    await sync_to_async(desk.ask_group)()
    done = await deactivate(desk)
    assert {(item.mobius_id, why) for item, why in done.left.blocked} == {
        (direct.mobius_id, Blocked.ALONE),
        (board.mobius_id, Blocked.NEEDED),
    }
    assert done.left.others == 1
    told = Notice.objects.filter(kind=Notice.Kind.TOO_FEW_LEFT)
    leads = told.values_list("reviewer__user__username", "interaction_id", "sender_name")
    assert [row async for row in leads] == [("tess", board.mobius_id, "Rina")]


async def test_what_a_batch_has_not_sent_is_withdrawn(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(2)]

    def confirm() -> Any:
        rina = desk.person("rina")
        batch = batches.prepare(
            reviewer=rina,
            upstream=items[0].upstream,
            verb=batches.Batch.Verb.APPROVE,
            chosen=[Chosen(item.mobius_id) for item in items],
        )
        batches.confirm(batch=batch, comment="", origin=BACKGROUND)
        return batch

    batch = await sync_to_async(confirm)()
    await Batch.objects.aupdate(send_at=timezone.now())
    late = Hold(Pass())
    desk.server.on("GET", READ, late, always=True)
    sending = asyncio.ensure_future(BatchRunner().send(batch.pk))
    await asyncio.to_thread(late.reached.wait)
    assert (await deactivate(desk)).answers == 2
    late.release()
    await sending
    assert desk.posts() == []
    rows = await sync_to_async(lambda: list(batch.items.values_list("state", "outcome")))()
    assert rows == [("failed", "deactivated")] * 2
    assert [verb for verb, _, _ in await entries()].count("answer_withdrawn") == 2


async def test_claims_are_kept_with_the_reason_while_mobius_is_down(desk: Desk) -> None:
    mine = [await claimed(desk) for _ in range(2)]
    desk.server.refuse()
    done = await deactivate(desk)
    desk.server.listen()
    assert reasons(done) == [(item.mobius_id, Kind.UNREACHABLE) for item in mine]
    assert [why for _, why in done.left.blocked] == [Blocked.CLAIMED] * 2
    assert not await is_active("rina")
    assert not await has_token()
    assert claimant(desk, mine[0]) == "user_rina"
    again = await deactivate(desk)
    assert [kind for _, kind in reasons(again)] == [Kind.NO_CREDENTIAL] * 2
    assert [verb for verb, _, _ in await entries()].count("account_switched_off") == 1


async def test_it_waits_for_the_end_of_a_short_outage(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(deactivation, "TRY_FOR", 60.0)
    mine = await claimed(desk)
    desk.server.on("POST", RELEASE, Reply(429), Reply(503), PassThenCut())
    done = await deactivate(desk)
    assert (done.released, done.kept) == (1, ())
    assert claimant(desk, mine) is None


async def test_a_revoked_token_is_tried_once(desk: Desk) -> None:
    mine = [await claimed(desk) for _ in range(3)]
    desk.server.on("POST", RELEASE, Reply(401, {"error": {"code": "unauthorized"}}), always=True)
    done = await deactivate(desk)
    assert reasons(done) == [(item.mobius_id, Kind.TOKEN_REFUSED) for item in mine]
    assert len(desk.server.seen("POST", RELEASE)) == 1
    assert (done.token, await has_token()) == (True, False)


async def test_one_claim_that_mobius_refuses_to_release_does_not_keep_the_others(
    desk: Desk,
) -> None:
    mine = [await claimed(desk) for _ in range(2)]
    said = {"error": {"code": "forbidden", "message": "Held by another."}}
    desk.server.on("POST", rf"{mine[0].mobius_id}/release$", Reply(403, said), always=True)
    done = await deactivate(desk)
    assert reasons(done) == [(mine[0].mobius_id, Kind.NOT_ACCEPTED)]
    assert (done.kept[0].message, done.released) == ("Held by another.", 1)


async def test_without_a_token_the_claims_are_kept(desk: Desk) -> None:
    mine = await claimed(desk)
    await Credential.objects.filter(reviewer__user__username="rina").adelete()
    done = await deactivate(desk)
    assert reasons(done) == [(mine.mobius_id, Kind.NO_CREDENTIAL)]
    assert not done.token


async def test_a_claim_that_has_ended_elsewhere_is_not_counted(desk: Desk) -> None:
    mine = await claimed(desk)
    desk.elsewhere("user_rina", mine.mobius_id, True)
    done = await deactivate(desk)
    assert (done.released, done.kept) == (0, ())


async def test_a_claim_made_in_the_meantime_is_released_too(desk: Desk) -> None:
    mine, late = await claimed(desk), await sync_to_async(desk.ask_group)()
    held = Hold(Pass())
    desk.server.on("POST", rf"{mine.mobius_id}/release$", held)
    deactivating = asyncio.ensure_future(deactivate(desk))
    await asyncio.to_thread(held.reached.wait)
    rina = await sync_to_async(desk.person)("rina")
    await claiming.claim(reviewer=rina, interaction_id=late.mobius_id)
    held.release()
    assert (await deactivating).released == 2
    assert claimant(desk, late) is None


async def test_an_answer_that_is_being_sent_counts(desk: Desk) -> None:
    item, held = await sync_to_async(desk.ask)(), Hold(Pass())
    desk.server.on("POST", SENT, held)
    answering = asyncio.ensure_future(answer(desk, item))
    await asyncio.to_thread(held.reached.wait)
    done = await deactivate(desk)
    held.release()
    assert (await answering).kind is Kind.ANSWERED
    assert (done.answers, len(desk.posts())) == (0, 1)
    assert ("respond", "rina", item.mobius_id) in await entries()


async def test_an_answer_whose_question_is_being_read_is_withdrawn(desk: Desk) -> None:
    item, reading = await sync_to_async(desk.ask)(), Hold(Pass())
    await answer(desk, item, held=True)
    waiting = await Attempt.objects.select_related("reviewer__user", "upstream").aget()
    desk.server.on("GET", READ, reading)
    sending = asyncio.ensure_future(send(waiting))
    await asyncio.to_thread(reading.reached.wait)
    done = await deactivate(desk)
    reading.release()
    await sending
    assert (done.answers, desk.posts()) == (1, [])
    assert await attempts() == [("refused", "not_sent")]
    assert ("answer_withdrawn", "admin", item.mobius_id) in await entries()


async def test_an_answer_held_in_the_meantime_is_not_sent(desk: Desk) -> None:
    await claimed(desk)
    item, held = await sync_to_async(desk.ask)(), Hold(Pass())
    rina = await sync_to_async(desk.person)("rina")
    desk.server.on("POST", RELEASE, held)
    deactivating = asyncio.ensure_future(deactivate(desk))
    await asyncio.to_thread(held.reached.wait)
    assert (await answer(desk, item, held=True, rina=rina)).kind is Kind.WAITING
    held.release()
    await deactivating
    waiting = await Attempt.objects.select_related("reviewer__user", "upstream").aget()
    await send(waiting)
    assert await attempts() == [("refused", "not_sent")]
    assert desk.posts() == []


async def test_the_service_key_does_not_answer_for_someone_deactivated_in_the_meantime(
    desk: Desk,
) -> None:
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    item = await sync_to_async(desk.ask)()
    before = await sync_to_async(desk.person)("rina")
    await deactivate(desk)
    outcome = await respond(reviewer=before, interaction_id=item.mobius_id, answers=APPROVED)
    assert outcome.kind is Kind.NO_CREDENTIAL
    assert desk.posts() == []


async def test_another_process_finishes_it_if_the_first_ends(desk: Desk) -> None:
    mine, item = await claimed(desk), await sync_to_async(desk.ask)()
    await answer(desk, item, held=True)
    await sync_to_async(sign_in)("rina")
    held = Hold(Pass())
    desk.server.on("POST", RELEASE, held)
    first = asyncio.ensure_future(deactivate(desk))
    await asyncio.to_thread(held.reached.wait)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    held.release()
    rina = await sync_to_async(desk.person)("rina")
    assert not await is_active("rina")
    assert await sync_to_async(deactivation.is_unfinished)(rina)
    assert (await has_token(), await sessions()) == (True, 1)
    done = await deactivate(desk)
    assert (done.answers, done.kept, done.token, done.sessions) == (0, (), True, 1)
    assert claimant(desk, mine) is None
    assert not await sync_to_async(deactivation.is_unfinished)(rina)
    await claiming.settle_open()
    verbs = [verb for verb, _, _ in await entries()]
    for verb in ("account_switched_off", "answer_withdrawn", "release", "token_removed"):
        assert verbs.count(verb) == 1
    assert not await ActionAttempt.objects.aexists()


async def test_sessions_that_were_left_are_ended_when_it_is_run_again(desk: Desk) -> None:
    rina: Client = await sync_to_async(sign_in)("rina")
    await User.objects.filter(username="rina").aupdate(is_active=False)
    person = await sync_to_async(desk.person)("rina")
    await sync_to_async(member_tokens.revoke)([person])
    assert await sync_to_async(deactivation.is_unfinished)(person)
    done = await deactivate(desk)
    assert (done.token, done.sessions) == (False, 1)
    await User.objects.filter(username="rina").aupdate(is_active=True)
    page = await sync_to_async(rina.get)("/inbox/")
    assert page.status_code == 302


@pytest.mark.parametrize(
    ("name", "by", "reason"),
    [("admin", "tess", Reason.LAST_ADMINISTRATOR), ("rina", "rina", Reason.YOURSELF)],
)
async def test_nothing_happens_to_the_last_administrator_or_to_oneself(
    desk: Desk, name: str, by: str, reason: Reason
) -> None:
    with pytest.raises(NotDeactivated) as refused:
        await deactivate(desk, name, by)
    assert refused.value.reason is reason
    assert await is_active(name)
    assert await entries() == []


async def test_one_of_two_administrators_can_be_deactivated(desk: Desk) -> None:
    await User.objects.filter(username="tess").aupdate(is_superuser=True)
    await deactivate(desk, "admin", by="tess")
    assert not await is_active("admin")
    with pytest.raises(NotDeactivated):
        await deactivate(desk, "tess", by="")


async def test_someone_without_a_mobius_id_has_nothing_to_undo(desk: Desk) -> None:
    await User.objects.acreate(username="new")
    done = await deactivate(desk, "new")
    assert (done.answers, done.released, done.token) == (0, 0, False)
    assert done.left == deactivation.Left((), 0)
