"""Held answers: undone or sent once, and brought back where they can't be sent."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from inbox.answering import attempts as steps
from inbox.answering.held import Sender, send, undo
from inbox.answering.look_up import apply_snapshot
from inbox.answering.outcome import Kind
from inbox.answering.question import NotAsked
from inbox.answering.respond import recheck, respond, settle_open
from inbox.answering.scheduled import OVERDUE_AFTER
from inbox.answering.shown_version import ShownVersion, shown_version_of
from inbox.answering.underway import Sent, sent_to
from inbox.audit.verify import verify
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mirror.snapshots import Deleted
from inbox.models import Attempt, Credential, Interaction, Notice
from inbox.models.attempt import GIVE_UP_AFTER
from inbox.people.clients import credential_for
from tests.support.desk import Desk, attempts, decisions, drafts
from tests.support.scripted_server import CutAfterRead, Hold, Pass, PassThenCut, Reply
from tests.support.snapshots import APPROVED, only_answer

pytestmark = pytest.mark.django_db(transaction=True)

READ = r"/interactions/[^/]+$"
SENT = r"/respond$"
WAIT = timedelta(seconds=5)


async def hold(desk: Desk, item: Interaction, value: Any = True, **more: Any) -> Any:
    who = await sync_to_async(desk.person)(more.pop("who", "rina"))
    given = {"comment": "Go", "operation_id": "op1", "hold_for": WAIT, **more}
    return await respond(
        reviewer=who, interaction_id=item.mobius_id, answers=only_answer(value), **given
    )


async def take_back(desk: Desk, item: Interaction, who: str = "rina") -> Any:
    reviewer = await sync_to_async(desk.person)(who)
    return await sync_to_async(undo)(reviewer=reviewer, interaction_id=item.mobius_id)


async def held() -> list[Attempt]:
    rows = Attempt.objects.filter(state=Attempt.State.HELD).order_by("pk")
    return [row async for row in rows.select_related("reviewer__user", "upstream")]


async def send_all() -> None:
    for attempt in await held():
        await send(attempt)


def start_sending(attempt: Attempt, item: Interaction) -> bool:
    try:
        steps.start_sending(attempt, item, credential_for(attempt.reviewer, item))
    except steps.NoLongerHeld:
        return False
    return True


async def reasons() -> list[tuple[str, str, bool]]:
    """Name, reason, and True if it was read."""
    rows = Notice.objects.filter(kind=Notice.Kind.NOT_SENT).order_by("pk")
    found = rows.values_list("reviewer__user__username", "reason", "read_at")
    return [(who, reason, at is not None) async for who, reason, at in found]


async def overdue(by: timedelta) -> None:
    await Attempt.objects.aupdate(send_at=timezone.now() - by)


async def until(true: Any) -> None:
    changed, loop = asyncio.Event(), asyncio.get_running_loop()
    unsubscribe = get_bus().subscribe(lambda _: loop.call_soon_threadsafe(changed.set))
    try:
        async with asyncio.timeout(60):
            while not await true():
                await changed.wait()
                changed.clear()
    finally:
        unsubscribe()


@asynccontextmanager
async def sending(sender: Sender) -> AsyncIterator[None]:
    running = asyncio.ensure_future(sender.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_it_is_stored_and_not_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    outcome = await hold(desk, item)
    assert (outcome.kind, outcome.done) == (Kind.WAITING, True)
    assert await attempts() == [("held", "")]
    assert await drafts() == [(["true"], "Go")]
    assert desk.posts() == []
    assert desk.upstream(item.mobius_id)["status"] == "pending"
    assert await decisions() == []


async def test_it_is_sent_once_and_the_log_has_both_times(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    (attempt,) = await held()
    await send(attempt)
    await send(attempt)
    assert len(desk.posts()) == 1
    told = desk.upstream(item.mobius_id)
    assert (told["responder"]["id"], told["response"]["comment"]) == ("user_rina", "Go")
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    (entry,) = await decisions()
    assert (entry.account, entry.credential_kind, entry.answers) == ("rina", "member", APPROVED)
    assert entry.decided_at == attempt.created_at
    assert attempt.created_at < entry.sent_at < entry.entered_at
    assert await sync_to_async(lambda: verify().intact)()


async def test_an_answer_that_is_sent_at_once_was_decided_and_sent_together(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item, hold_for=None)
    (entry,) = await decisions()
    assert entry.decided_at is not None
    assert entry.decided_at == entry.sent_at


async def test_an_undone_answer_is_never_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    (attempt,) = await held()
    assert (await take_back(desk, item)).kind is Kind.UNDONE
    await send(attempt)
    assert (await take_back(desk, item)).kind is Kind.UNDONE
    assert desk.posts() == []
    assert await attempts() == [("undone", "")]
    assert await drafts() == [(["true"], "Go")]
    await settle_open()
    assert await attempts() == [("undone", "")]


async def test_an_undone_answer_can_be_replaced_by_another(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    await take_back(desk, item)
    assert (await hold(desk, item, False, operation_id="op2")).kind is Kind.WAITING
    await send_all()
    assert desk.upstream(item.mobius_id)["response"]["value"] is False
    assert await attempts() == [("undone", ""), ("answered", "respond")]


async def test_the_form_that_was_undone_can_be_sent_again(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    await take_back(desk, item)
    assert (await hold(desk, item, False)).kind is Kind.WAITING
    await send_all()
    assert await attempts() == [("answered", "respond")]
    assert desk.upstream(item.mobius_id)["response"]["value"] is False


async def test_too_late_to_undo(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    late = Hold(Pass())
    desk.server.on("POST", SENT, late)
    sending = asyncio.ensure_future(send_all())
    await asyncio.to_thread(late.reached.wait)
    assert (await take_back(desk, item)).kind is Kind.TOO_LATE
    late.release()
    await sending
    assert (await take_back(desk, item)).kind is Kind.TOO_LATE
    assert await attempts() == [("answered", "respond")]


async def test_it_can_be_undone_while_its_question_is_read(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    late = Hold(Pass())
    desk.server.on("GET", READ, late)
    sending = asyncio.ensure_future(send_all())
    await asyncio.to_thread(late.reached.wait)
    assert (await take_back(desk, item)).kind is Kind.UNDONE
    late.release()
    await sending
    assert desk.posts() == []
    assert await attempts() == [("undone", "")]


@pytest.mark.parametrize("round_number", range(8))
def test_either_undo_or_the_sender_wins(desk: Desk, round_number: int) -> None:
    item = desk.ask()
    rina = desk.person("rina")
    attempt = steps.hold(steps.Submission(rina, item.mobius_id, APPROVED, "", "op1"), item, WAIT)
    together = threading.Barrier(2)

    def take(how: Any) -> bool:
        together.wait()
        try:
            won: bool = how(Attempt.objects.get(pk=attempt.pk))
            return won
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(take, [steps.undo, lambda attempt: start_sending(attempt, item)]))
    assert sorted(won) == [False, True]
    attempt.refresh_from_db()
    assert attempt.state == (Attempt.State.UNDONE if won[0] else Attempt.State.OPEN)


async def test_undo_without_a_held_answer_changes_nothing(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    assert (await take_back(desk, item)).kind is Kind.NOTHING_TO_UNDO
    await hold(desk, item)
    assert (await take_back(desk, item, "sam")).kind is Kind.NOTHING_TO_UNDO
    assert await attempts() == [("held", "")]
    with pytest.raises(NotAsked):
        await take_back(desk, item, "tess")


async def test_a_held_answer_can_be_undone_by_someone_who_is_no_longer_asked(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    await hold(desk, item)
    await withdraw(item)
    assert (await take_back(desk, item)).kind is Kind.UNDONE


async def withdraw(item: Interaction) -> None:
    row = await Interaction.objects.aget(pk=item.pk)
    row.members = ["user_sam", "user_lee"]
    await row.asave()
    await row.recipients.filter(user_id="user_rina").adelete()


async def test_the_same_form_twice_is_one_held_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    both = await asyncio.gather(hold(desk, item), hold(desk, item))
    assert [outcome.kind for outcome in both] == [Kind.WAITING, Kind.WAITING]
    assert await attempts() == [("held", "")]
    rina = await sync_to_async(desk.person)("rina")
    looked = await recheck(reviewer=rina, interaction_id=item.mobius_id, operation_id="op1")
    assert looked.kind is Kind.WAITING


@pytest.mark.parametrize("hold_for", [WAIT, None])
async def test_a_second_answer_is_refused_while_one_is_held(
    desk: Desk, hold_for: timedelta | None
) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    outcome = await hold(desk, item, False, operation_id="op2", hold_for=hold_for)
    assert outcome.kind is Kind.PROCESSING
    assert outcome.underway.mine
    assert await attempts() == [("held", "")]
    assert (["false"], "Go") in await drafts()


async def test_an_answer_that_can_be_refused_is_refused_at_once(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    with pytest.raises(NotAsked):
        await hold(desk, item, who="tess")
    shown = ShownVersion.parse(shown_version_of(item))
    await Interaction.objects.filter(pk=item.pk).aupdate(message="Ship it today?")
    assert (await hold(desk, item, shown=shown)).kind is Kind.QUESTION_CHANGED
    desk.project.as_("user_lee").post(f"interactions/{item.mobius_id}/claim")
    await sync_to_async(desk.read)(item.mobius_id)
    assert (await hold(desk, item)).kind is Kind.CLAIMED_BY_ANOTHER
    desk.project.as_("user_lee").post(f"interactions/{item.mobius_id}/release")
    await sync_to_async(desk.read)(item.mobius_id)
    await Credential.objects.filter(reviewer__user__username="rina").adelete()
    assert (await hold(desk, item)).kind is Kind.NO_CREDENTIAL
    desk.elsewhere("user_lee", item.mobius_id, True)
    await sync_to_async(desk.read)(item.mobius_id)
    assert (await hold(desk, item)).kind is Kind.CLOSED
    assert await attempts() == []
    assert await drafts() == [(["true"], "Go")]


async def test_a_held_answer_leaves_the_question_open_for_others(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    await hold(desk, item)
    sam = await sync_to_async(desk.person)("sam")
    sent = await sync_to_async(sent_to)(sam.user_id, item)
    assert (sent.underway, sent.held, sent.received) == (None, None, frozenset())
    outcome = await hold(desk, item, False, who="sam", hold_for=None)
    assert outcome.kind is Kind.ANSWERED


async def test_where_several_answer_a_held_one_is_not_counted(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("change-board")
    await hold(desk, item)
    rina = await sync_to_async(desk.person)("rina")
    sent = await sync_to_async(sent_to)(rina.user_id, item)
    assert sent.received == frozenset()
    assert sent.held is not None
    await send_all()
    assert desk.upstream(item.mobius_id)["status"] == "pending"
    assert await attempts() == [("answered", "respond")]


async def change(desk: Desk, item: Interaction) -> None:
    payload = desk.upstream(item.mobius_id)
    later = datetime.now(UTC) + timedelta(seconds=1)
    payload |= {"message": "Ship it today?", "updated_at": later.isoformat()}
    await sync_to_async(desk.tell)(payload)
    desk.server.on("GET", READ, Reply(200, payload), always=True)


async def claim(desk: Desk, item: Interaction) -> None:
    desk.project.as_("user_lee").post(f"interactions/{item.mobius_id}/claim")


async def answer_first(desk: Desk, item: Interaction) -> None:
    desk.elsewhere("user_lee", item.mobius_id, False)


async def answer_elsewhere(desk: Desk, item: Interaction) -> None:
    desk.elsewhere("user_rina", item.mobius_id, False)


async def leave_the_group(desk: Desk, item: Interaction) -> None:
    await withdraw(item)
    desk.server.on("GET", READ, Reply(503), always=True)


async def switch_off(desk: Desk, item: Interaction) -> None:
    await User.objects.filter(username="rina").aupdate(is_active=False)


async def remove_the_token(desk: Desk, item: Interaction) -> None:
    await Credential.objects.filter(reviewer__user__username="rina").adelete()


async def refuse(desk: Desk, item: Interaction) -> None:
    desk.server.refuse()


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (answer_first, "closed"),
        (answer_elsewhere, "already_answered"),
        (claim, "claimed_by_another"),
        (change, "question_changed"),
        (leave_the_group, "not_allowed"),
        (switch_off, "deactivated"),
        (remove_the_token, "no_credential"),
        (refuse, "unreachable"),
    ],
)
async def test_everything_is_checked_again_before_sending(
    desk: Desk, meanwhile: Any, reason: str
) -> None:
    item = await sync_to_async(desk.ask_group)()
    await hold(desk, item)
    await meanwhile(desk, item)
    await send_all()
    assert desk.posts() == []
    assert await attempts() == [("refused", "not_sent")]
    assert await drafts() == [(["true"], "Go")]
    assert await reasons() == [("rina", reason, False)]
    assert await decisions() == []
    # Nothing is sent automatically later.
    desk.server.listen()
    await settle_open()
    await send_all()
    assert desk.posts() == []


async def test_a_held_answer_that_mobius_refuses_comes_back(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("POST", SENT, Reply(429, None, {"Retry-After": "9"}))
    await send_all()
    assert await reasons() == [("rina", "rate_limited", False)]
    assert await drafts() == [(["true"], "Go")]
    rina = await sync_to_async(desk.person)("rina")
    sent = await sync_to_async(sent_to)(rina.user_id, item)
    assert (sent.held, sent.returned) == (None, "rate_limited")


async def test_answering_again_takes_the_notification_back(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.refuse()
    await send_all()
    desk.server.listen()
    assert (await hold(desk, item, operation_id="op2")).kind is Kind.WAITING
    assert await reasons() == []
    await send_all()
    assert await attempts() == [("refused", "not_sent"), ("answered", "respond")]


@pytest.mark.parametrize("reads", [True, False])
async def test_a_held_answer_whose_response_was_lost_counts_as_sent(
    desk: Desk, reads: bool
) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("POST", SENT, PassThenCut())
    if not reads:
        desk.server.on("GET", READ, Pass())
        desk.server.on("GET", READ, Reply(503), always=True)
    await send_all()
    told = [] if reads else [("rina", "unconfirmed", False)]
    assert await reasons() == told
    desk.server.forget()
    await settle_open()
    assert len(desk.posts()) == 1
    assert await attempts() == [("answered", "respond")]
    assert await reasons() == []
    assert await drafts() == []
    assert len(await decisions()) == 1


async def test_a_held_answer_that_was_lost_comes_back_and_is_not_sent_again(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("POST", SENT, CutAfterRead())
    await send_all()
    assert await reasons() == [("rina", "still_open", False)]
    await settle_open()
    assert await attempts() == [("open", "")]
    rina = await sync_to_async(desk.person)("rina")
    sent = await sync_to_async(sent_to)(rina.user_id, item)
    assert (sent.underway, sent.returned) == (None, "still_open")
    sam = await sync_to_async(desk.person)("sam")
    assert await sync_to_async(sent_to)(sam.user_id, item) == Sent()
    assert len(desk.posts()) == 1


async def test_after_a_lost_answer_another_one_is_held_and_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("POST", SENT, CutAfterRead())
    await send_all()
    assert (await hold(desk, item, operation_id="op2")).kind is Kind.WAITING
    rina = await sync_to_async(desk.person)("rina")
    (second,) = await held()
    assert (await sync_to_async(sent_to)(rina.user_id, item)).held == second
    assert (await take_back(desk, item)).kind is Kind.UNDONE
    # The first one isn't being sent, although nothing says yet that it never arrived.
    assert (await sync_to_async(sent_to)(rina.user_id, item)).underway is None
    await hold(desk, item, operation_id="op3")
    await send_all()
    assert desk.upstream(item.mobius_id)["status"] == "completed"
    await settle_open()
    assert len(await decisions()) == 1
    assert await reasons() == []


@pytest.mark.parametrize(
    ("reply", "reason"), [(Reply(503), "unreachable"), (Reply(429), "rate_limited")]
)
async def test_what_cannot_be_checked_is_not_sent(desk: Desk, reply: Reply, reason: str) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("GET", READ, reply, always=True)
    await send_all()
    assert desk.posts() == []
    assert await attempts() == [("refused", "not_sent")]
    assert await reasons() == [("rina", reason, False)]


async def test_where_mobius_lists_questions_only_the_mirror_is_checked(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    desk.server.on("GET", READ, Reply(405))
    await send_all()
    assert await attempts() == [("answered", "respond")]


async def test_a_process_that_ended_while_sending_reads_and_sends_nothing(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    (attempt,) = await held()
    await sync_to_async(start_sending)(attempt, item)
    sender = Sender()
    await sender.load()
    await settle_open()
    assert desk.posts() == []
    assert await attempts() == [("open", "")]
    assert await reasons() == [("rina", "not_recorded", False)]
    await Attempt.objects.aupdate(sent_at=timezone.now() - GIVE_UP_AFTER - timedelta(seconds=1))
    await settle_open()
    assert await attempts() == [("refused", "never_arrived")]
    assert await reasons() == [("rina", "not_recorded", False)]


async def test_a_process_that_ended_after_the_post_finds_the_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    (attempt,) = await held()
    await sync_to_async(start_sending)(attempt, item)
    desk.elsewhere("user_rina", item.mobius_id, True, "Go")
    await settle_open()
    assert await attempts() == [("answered", "respond")]
    assert await reasons() == []
    (entry,) = await decisions()
    assert (entry.account, entry.decided_at) == ("rina", attempt.created_at)


async def test_an_equal_answer_made_elsewhere_meanwhile_is_not_this_one(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("change-board")
    await hold(desk, item)
    desk.elsewhere("user_rina", item.mobius_id, True, "Go")
    await sync_to_async(desk.read)(item.mobius_id)
    assert await decisions() == []
    assert await reasons() == [("rina", "already_answered", False)]
    assert desk.posts() == []


async def expire(desk: Desk, item: Interaction) -> None:
    await sync_to_async(desk.tell)(desk.upstream(item.mobius_id) | {"status": "expired"})


async def cancel(desk: Desk, item: Interaction) -> None:
    await sync_to_async(desk.tell)(desk.upstream(item.mobius_id) | {"status": "cancelled"})


async def delete(desk: Desk, item: Interaction) -> None:
    changes = await sync_to_async(apply_snapshot)(Deleted(interaction_id=item.mobius_id))
    changes.publish()


@pytest.mark.parametrize(
    ("meanwhile", "reason"),
    [
        (answer_first, "closed"),
        (claim, "claimed_by_another"),
        (expire, "closed"),
        (cancel, "closed"),
        (delete, "closed"),
        (change, "question_changed"),
    ],
)
async def test_a_held_answer_that_was_overtaken_comes_back_at_once(
    desk: Desk, meanwhile: Any, reason: str
) -> None:
    item = await sync_to_async(desk.ask_group)()
    other = await sync_to_async(desk.ask_group)()
    await hold(desk, item)
    await hold(desk, other, operation_id="op2")
    told: list[str] = []
    unsubscribe = get_bus().subscribe(told.extend)
    try:
        await meanwhile(desk, item)
        if meanwhile in (answer_first, claim):
            await sync_to_async(desk.read)(item.mobius_id)
    finally:
        unsubscribe()
    assert await attempts() == [("refused", "not_sent"), ("held", "")]
    assert await reasons() == [("rina", reason, False)]
    assert await drafts() == [(["true"], "Go"), (["true"], "Go")]
    assert {topics.held("user_rina"), topics.notices("user_rina")} <= set(told)


async def test_a_held_answer_waits_while_someone_else_is_answering(desk: Desk) -> None:
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    await Credential.objects.filter(reviewer__user__username="sam").adelete()
    item = await sync_to_async(desk.ask_group)()
    await hold(desk, item)
    desk.server.on("POST", SENT, CutAfterRead())
    desk.server.on("GET", READ, Reply(503), always=True)
    await hold(desk, item, who="sam", hold_for=None)
    later = datetime.now(UTC) + timedelta(seconds=1)
    payload = desk.upstream(item.mobius_id) | {"updated_at": later.isoformat()}
    await sync_to_async(desk.tell)(payload | {"due_at": later.isoformat()})
    assert await attempts() == [("held", ""), ("open", "")]


async def test_the_message_of_mobius_comes_back_with_the_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    refusal = {"error": {"code": "invalid_value", "message": "Approvals are frozen until 6 pm."}}
    desk.server.on("POST", SENT, Reply(422, refusal))
    await send_all()
    assert await reasons() == [("rina", "not_accepted", False)]
    notice = await Notice.objects.aget()
    assert notice.message == "Approvals are frozen until 6 pm."
    rina = await sync_to_async(desk.person)("rina")
    sent = await sync_to_async(sent_to)(rina.user_id, item)
    assert sent.returned_message == "Approvals are frozen until 6 pm."


async def test_after_a_restart_it_is_sent_once_mobius_can_be_reached(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    await overdue(timedelta(seconds=1))
    desk.server.refuse()
    sender = Sender()
    await sender.load()
    (attempt,) = await held()
    await sender.send(attempt.pk)
    assert await attempts() == [("held", "")]
    desk.server.listen()

    async def sent() -> bool:
        return await attempts() == [("answered", "respond")]

    async with sending(sender):
        await until(sent)
    assert len(desk.posts()) == 1


async def test_after_a_minute_it_comes_back(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await hold(desk, item)
    await overdue(OVERDUE_AFTER)
    sender = Sender()
    await sender.load()

    async def told() -> bool:
        return await reasons() == [("rina", "overdue", False)]

    async with sending(sender):
        await until(told)
    assert await attempts() == [("refused", "not_sent")]
    assert desk.posts() == []


async def test_it_is_sent_at_its_time_and_not_before(desk: Desk) -> None:
    first, second = await sync_to_async(desk.ask)(), await sync_to_async(desk.ask)()

    async def second_sent() -> bool:
        return [entry.interaction_id for entry in await decisions()] == [second.mobius_id]

    sender = Sender()
    async with sending(sender):
        for item, wait in ((first, 600), (second, 0.5)):
            more = {"operation_id": item.mobius_id, "hold_for": timedelta(seconds=wait)}
            await hold(desk, item, **more)
            sender.add(await Attempt.objects.aget(interaction_id=item.mobius_id))
        await until(second_sent)
    (entry,) = await decisions()
    assert entry.sent_at - entry.decided_at >= timedelta(seconds=0.5)
    assert await attempts() == [("held", ""), ("answered", "respond")]


async def test_a_slow_mobius_holds_up_no_other_answer(desk: Desk) -> None:
    slow, fast = await sync_to_async(desk.ask)(), await sync_to_async(desk.ask)()
    late = Hold(Pass())
    desk.server.on("POST", rf"{slow.mobius_id}{SENT}", late)
    for item in (slow, fast):
        await hold(desk, item, operation_id=item.mobius_id, hold_for=timedelta(0))

    async def fast_sent() -> bool:
        return [entry.interaction_id for entry in await decisions()] == [fast.mobius_id]

    async def both_sent() -> bool:
        return len(await decisions()) == 2

    async with sending(Sender()):
        await until(fast_sent)
        await asyncio.to_thread(late.reached.wait)
        late.release()
        await until(both_sent)
