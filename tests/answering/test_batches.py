"""Batches: what is in one, and each question sent once, whatever happens in the middle."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from time import monotonic
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.apps import apps
from django.contrib.auth.models import User
from django.utils import timezone

from inbox.answering import attempts as steps
from inbox.answering import batch_runner, batches, draft, guard
from inbox.answering.batch_runner import AT_A_TIME, BatchRunner, settle
from inbox.answering.batches import Chosen, Confirmation, LeftOut
from inbox.answering.respond import settle_open
from inbox.answering.scheduled import OVERDUE_AFTER
from inbox.audit.origin import BACKGROUND
from inbox.audit.verify import verify
from inbox.live import topics
from inbox.live.bus import Changed, get_bus
from inbox.models import (
    Attempt,
    Batch,
    BatchItem,
    Decision,
    Guard,
    Interaction,
    Notice,
    Step,
    Upstream,
)
from inbox.notify.notices import notify
from inbox.people.clients import member_credential
from tests.support.desk import Desk
from tests.support.scripted_server import Hold, Pass, PassThenCut, Reply
from tests.support.snapshots import APPROVED, run, step
from tests.web.cast import tell

pytestmark = pytest.mark.django_db(transaction=True)

SENT = r"/respond$"
READ = r"/interactions/[^/]+$"


def preview(
    desk: Desk,
    items: Sequence[Interaction],
    verb: Batch.Verb = Batch.Verb.APPROVE,
    who: str = "rina",
) -> Batch:
    chosen = [Chosen(item.mobius_id, item.updated_at) for item in items]
    reviewer, upstream = desk.person(who), Upstream.current()
    return batches.prepare(reviewer=reviewer, upstream=upstream, verb=verb, chosen=chosen)


def confirmed(desk: Desk, items: Sequence[Interaction], **how: Any) -> Batch:
    comment = how.pop("comment", "")
    batch = preview(desk, items, **how)
    found = batches.confirm(batch=batch, comment=comment, origin=BACKGROUND)
    assert found is Confirmation.CONFIRMED
    batch.refresh_from_db()
    return batch


def results(batch: Batch) -> list[tuple[str, str]]:
    return list(batch.items.values_list("state", "outcome"))


async def send(batch: Batch) -> None:
    await BatchRunner().send(batch.pk)


@sync_to_async
def aresults(batch: Batch) -> list[tuple[str, str]]:
    return results(batch)


def change(desk: Desk, item: Interaction) -> None:
    later = datetime.now(UTC) + timedelta(seconds=1)
    payload = desk.upstream(item.mobius_id) | {
        "message": "Ship it today?",
        "updated_at": later.isoformat(),
    }
    desk.server.on("GET", rf"/interactions/{item.mobius_id}$", Reply(200, payload), always=True)


def test_unsuitable_questions_are_left_out_with_the_reason(desk: Desk) -> None:
    plain = desk.ask()
    alone = desk.ask(context={"confirm": "always"})
    text = desk.ask(type="input", spec={"mode": "input"})
    soon = desk.ask()
    Interaction.objects.filter(pk=soon.pk).update(expires_at=timezone.now() + timedelta(seconds=50))
    claimed = desk.ask_group()
    desk.project.as_("user_lee").post(f"interactions/{claimed.mobius_id}/claim")
    claimed = desk.read(claimed.mobius_id)
    stale = desk.ask()
    stale.updated_at -= timedelta(seconds=1)
    waiting = desk.ask()
    answer = steps.Submission(desk.person("rina"), waiting.mobius_id, APPROVED, "", "op")
    steps.hold(answer, waiting, timedelta(minutes=1))
    drafted = desk.ask()
    draft.save(
        reviewer=desk.person("rina"),
        interaction_id=drafted.mobius_id,
        values={},
        comment="Half a sentence",
    )
    notmine = desk.ask(target={"type": "user", "id": "user_sam"})
    batch = preview(desk, [plain, alone, text, soon, claimed, stale, waiting, drafted, notmine])
    assert results(batch) == [
        ("waiting", ""),
        ("left_out", LeftOut.CONFIRMED_ALONE),
        ("left_out", LeftOut.OTHER_FORM),
        ("left_out", LeftOut.EXPIRES_SOON),
        ("left_out", "claimed_by_another"),
        ("left_out", LeftOut.CHANGED),
        ("left_out", LeftOut.ON_ITS_WAY),
        ("left_out", LeftOut.DRAFTED),
    ]


def test_only_questions_that_are_alike_are_answered_together(desk: Desk) -> None:
    plain, same = desk.ask(), desk.ask(message="And this?")
    preset = desk.ask(spec={"mode": "confirm", "default_confirmed": True})
    flow = [desk.ask(), desk.ask(), desk.ask()]
    for item, step_name in zip(flow, ("first", "second", "first"), strict=True):
        asked_by_step(item, step_name)
    pairs = {
        (plain, same): Confirmation.CONFIRMED,
        (plain, preset): Confirmation.MIXED,
        (plain, flow[0]): Confirmation.MIXED,
        (flow[0], flow[1]): Confirmation.MIXED,
        (flow[0], flow[2]): Confirmation.CONFIRMED,
    }
    for pair, expected in pairs.items():
        batch = preview(desk, [Interaction.objects.get(pk=item.pk) for item in pair])
        assert batches.confirm(batch=batch, comment="", origin=BACKGROUND) is expected
        batch.delete()


def test_an_unknown_step_is_not_taken_for_a_known_one_or_for_none(desk: Desk) -> None:
    flow = [desk.ask() for _ in range(4)]
    for item, name in zip(flow, ("first", "first", "second", "first"), strict=True):
        asked_by_step(item, name)
    unread = [f"run_{flow[0].mobius_id}", f"run_{flow[3].mobius_id}"]
    Step.objects.filter(run__mobius_id__in=unread).delete()
    Interaction.objects.filter(pk=flow[2].pk).update(signal_name="")
    unknown, first, alone, other = (Interaction.objects.get(pk=item.pk) for item in flow)
    for items, count in (
        ([unknown, first], 2),
        ([unknown, alone], 2),
        ([unknown, other], 1),
        ([unknown, first, alone], 3),
    ):
        batch = preview(desk, items)
        assert len(set(batch.items.values_list("kind", flat=True))) == count


def asked_by_step(item: Interaction, name: str) -> None:
    run_id = f"run_{item.mobius_id}"
    began = item.created_at - timedelta(seconds=1)
    tell(
        run(run_id, workflow="deploy"),
        step(f"step_{item.mobius_id}", run_id=run_id, name=name, started_at=began),
    )
    about = {"run_id": run_id, "workflow": "deploy", "signal_name": f"interaction:{item.mobius_id}"}
    Interaction.objects.filter(pk=item.pk).update(**about)


def test_a_batch_takes_the_first_of_too_many_questions(desk: Desk) -> None:
    item = desk.ask()
    chosen = [Chosen(item.mobius_id), *(Chosen(f"int_{n}") for n in range(batches.MOST))]
    batch = batches.prepare(
        reviewer=desk.person("rina"),
        upstream=Upstream.current(),
        verb=Batch.Verb.APPROVE,
        chosen=chosen,
    )
    assert batch.more
    assert results(batch) == [("waiting", "")]


def test_a_rejection_that_needs_a_reason_needs_it_in_a_batch(desk: Desk) -> None:
    items = [desk.ask(), desk.ask(context={"require_reason_on_reject": True})]
    batch = preview(desk, items, Batch.Verb.REJECT)
    assert batches.confirm(batch=batch, comment=" ", origin=BACKGROUND) is Confirmation.NO_REASON
    assert batches.confirm(batch=batch, comment="No", origin=BACKGROUND) is Confirmation.CONFIRMED
    assert batches.confirm(batch=batch, comment="Yes", origin=BACKGROUND) is Confirmation.REPEATED
    batch.refresh_from_db()
    assert batch.comment == "No"


async def test_every_answer_is_sent_once_with_the_comment_and_logged(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(6)]
    batch = await sync_to_async(confirmed)(desk, items, comment="Go")
    await asyncio.gather(send(batch), send(batch))
    assert await aresults(batch) == [("done", "answered")] * 6
    assert sorted(request.path for request in desk.posts()) == sorted(
        {request.path for request in desk.posts()}
    )
    for item in items:
        told = desk.upstream(item.mobius_id)
        assert (told["response"]["comment"], told["responder"]["id"]) == ("Go", "user_rina")
    assert await Decision.objects.filter(verb="respond", observed=False).acount() == 6
    assert await sync_to_async(lambda: verify().intact)()


async def test_failures_in_the_middle_stop_nothing(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask_group)() for _ in range(8)]
    batch = await sync_to_async(confirmed)(desk, items)
    _, answered, claimed, _, changed, refused, unread, _ = items
    desk.elsewhere("user_lee", answered.mobius_id, False)
    desk.project.as_("user_lee").post(f"interactions/{claimed.mobius_id}/claim")
    change(desk, changed)
    refusal = {"error": {"code": "invalid_value", "message": "Approvals are frozen."}}
    desk.server.on("POST", rf"{refused.mobius_id}{SENT}", Reply(422, refusal))
    desk.server.on("POST", rf"{unread.mobius_id}{SENT}", PassThenCut())
    await send(batch)
    done = ("done", "answered")
    assert await aresults(batch) == [
        done,
        ("failed", "closed"),
        ("failed", "claimed_by_another"),
        done,
        ("failed", "question_changed"),
        ("failed", "not_accepted"),
        done,
        done,
    ]
    row = await BatchItem.objects.aget(batch=batch, interaction_id=refused.mobius_id)
    assert row.message == "Approvals are frozen."
    assert len(desk.posts()) == 5
    await batch.arefresh_from_db()
    assert batch.finished_at is not None


async def test_an_answer_marks_the_notifications_about_its_question_as_read(desk: Desk) -> None:
    answered, failed, other = [await sync_to_async(desk.ask)() for _ in range(3)]

    @sync_to_async
    def nudge(item: Interaction) -> None:
        about = {"upstream_id": item.upstream_id, "interaction_id": item.mobius_id}
        notify(desk.person("rina"), Notice.Kind.NUDGE, **about, sender_name="Tess")

    for item in (answered, failed, other):
        await nudge(item)
    batch = await sync_to_async(confirmed)(desk, [answered, failed])
    change(desk, failed)
    await send(batch)
    unread = Notice.objects.filter(read_at=None).values_list("interaction_id", flat=True)
    assert {id_ async for id_ in unread} == {failed.mobius_id, other.mobius_id}


async def test_the_list_hears_of_a_failure_while_others_are_sent(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(2)]
    batch = await sync_to_async(confirmed)(desk, items)
    change(desk, items[0])
    late = Hold(Pass())
    desk.server.on("POST", SENT, late)
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    row = frozenset({items[0].mobius_id})

    def hear(changed: Changed) -> None:
        if topics.held("user_rina") in changed and changed.get(topics.inbox("user_rina")) == row:
            loop.call_soon_threadsafe(told.set)

    leave = get_bus().subscribe(hear)
    sending = asyncio.ensure_future(send(batch))
    await asyncio.to_thread(late.reached.wait)
    async with asyncio.timeout(60):
        await told.wait()
    assert [state for state, _ in await aresults(batch)] == ["failed", "sending"]
    leave()
    late.release()
    await sending


async def test_at_most_four_are_sent_at_a_time(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(AT_A_TIME + 3)]
    batch = await sync_to_async(confirmed)(desk, items)
    late = [Hold(Pass()) for _ in range(AT_A_TIME)]
    desk.server.on("POST", SENT, *late)
    sending = asyncio.ensure_future(send(batch))
    for each in late:
        await asyncio.to_thread(each.reached.wait)
    states = Counter(state for state, _ in await aresults(batch))
    assert states == {"sending": AT_A_TIME, "waiting": 3}
    for each in late:
        each.release()
    await sending
    assert await aresults(batch) == [("done", "answered")] * len(items)


async def test_a_limit_is_waited_for_and_nothing_is_sent_twice(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(6)]
    batch = await sync_to_async(confirmed)(desk, items)
    limit = Reply(429, None, {"Retry-After": "1"})
    desk.server.on("POST", SENT, limit, limit)
    began = monotonic()
    await send(batch)
    assert monotonic() - began >= 1
    assert await aresults(batch) == [("done", "answered")] * 6
    assert len(desk.posts()) == 8
    assert await Decision.objects.filter(verb="respond").acount() == 6
    open_attempts = Attempt.objects.exclude(state__in=["answered", "refused"])
    assert not await open_attempts.aexists()


async def test_a_limit_that_lasts_too_long_is_a_failure(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)()]
    batch = await sync_to_async(confirmed)(desk, items)
    desk.server.on("POST", SENT, Reply(429, None, {"Retry-After": "3600"}))
    await send(batch)
    assert await aresults(batch) == [("failed", "rate_limited")]
    assert len(desk.posts()) == 1


async def test_a_batch_waits_for_a_mobius_that_cannot_be_reached(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(2)]
    batch = await sync_to_async(confirmed)(desk, items)
    desk.server.on("GET", READ, Reply(503), Reply(503), Reply(503))
    await send(batch)
    assert await aresults(batch) == [("done", "answered")] * 2


async def test_a_batch_waits_even_if_the_one_before_has_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = BatchRunner()
    items = [await sync_to_async(desk.ask)()]
    given_up = await sync_to_async(confirmed)(desk, items)
    desk.server.on("GET", READ, Reply(503), always=True)
    with monkeypatch.context() as limits:
        limits.setattr(batch_runner, "LONGEST_WAIT", 0.0)
        await runner.send(given_up.pk)
    assert await aresults(given_up) == [("failed", "unreachable")]
    desk.server.forget()
    batch = await sync_to_async(confirmed)(desk, items)
    desk.server.on("GET", READ, Reply(503), Reply(503), Reply(503))
    monkeypatch.setattr(batch_runner, "monotonic", lambda: monotonic() + 3600)
    await runner.send(batch.pk)
    assert await aresults(batch) == [("done", "answered")]


def begun(desk: Desk, batch: Batch, item: Interaction) -> None:
    row = batch.items.get(interaction_id=item.mobius_id)
    BatchItem.objects.filter(pk=row.pk).update(state="sending")
    answer = steps.Submission(desk.person("rina"), item.mobius_id, APPROVED, "", row.operation_id)
    steps.begin(answer, item, member_credential(desk.person("rina")))


async def test_a_question_that_a_killed_process_was_sending_is_read_and_not_sent_again(
    desk: Desk,
) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(4)]
    arrived, lost, unsent, _ = items
    batch = await sync_to_async(confirmed)(desk, items)
    await Batch.objects.filter(pk=batch.pk).aupdate(started_at=timezone.now())
    await sync_to_async(begun)(desk, batch, arrived)
    desk.elsewhere("user_rina", arrived.mobius_id, True)
    await sync_to_async(begun)(desk, batch, lost)
    await batch.items.filter(interaction_id=unsent.mobius_id).aupdate(state="sending")
    runner = BatchRunner()
    await asyncio.wait_for(run_until_finished(runner, batch), 60)
    done = ("done", "answered")
    assert await aresults(batch) == [done, ("failed", "not_recorded"), done, done]
    assert len(desk.posts()) == 2
    # It turns out to have arrived after all.
    desk.elsewhere("user_rina", lost.mobius_id, True)
    await settle_open()
    await sync_to_async(settle)()
    assert (await aresults(batch))[1] == done
    assert await Decision.objects.filter(verb="respond", observed=False).acount() == 4


async def run_until_finished(runner: BatchRunner, batch: Batch) -> None:
    running = asyncio.ensure_future(runner.run())
    try:
        while not await Batch.objects.filter(pk=batch.pk, finished_at__isnull=False).aexists():
            assert not running.done()
            await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def choose_undo(desk: Desk) -> None:
    guard.choose(reviewer=desk.person("rina"), guard=Guard.UNDO, seconds=60)


async def test_with_undo_it_is_held_and_can_be_taken_back_as_a_whole(desk: Desk) -> None:
    await sync_to_async(choose_undo)(desk)
    items = [await sync_to_async(desk.ask)() for _ in range(2)]
    batch = await sync_to_async(confirmed)(desk, items, comment="Go")
    await send(batch)
    assert desk.posts() == []
    assert await sync_to_async(batches.undo)(batch)
    assert not await sync_to_async(batches.undo)(batch)
    await Batch.objects.filter(pk=batch.pk).aupdate(send_at=timezone.now())
    await send(batch)
    assert desk.posts() == []
    await batch.arefresh_from_db()
    assert batch.previewed
    assert batch.comment == "Go"
    again = await sync_to_async(batches.confirm)(batch=batch, comment="", origin=BACKGROUND)
    assert again is Confirmation.CONFIRMED
    await Batch.objects.filter(pk=batch.pk).aupdate(send_at=timezone.now())
    await send(batch)
    assert not await sync_to_async(batches.undo)(batch)
    assert len(desk.posts()) == 2


def test_a_batch_that_is_held_does_not_keep_others_from_being_confirmed(desk: Desk) -> None:
    choose_undo(desk)
    for _ in range(2):
        confirmed(desk, [desk.ask()])


async def test_a_batch_that_is_overdue_is_not_sent(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)()]
    batch = await sync_to_async(confirmed)(desk, items)
    await Batch.objects.filter(pk=batch.pk).aupdate(send_at=timezone.now() - OVERDUE_AFTER)
    await send(batch)
    assert desk.posts() == []
    assert await aresults(batch) == [("failed", "overdue")]


async def test_an_account_that_is_switched_off_sends_nothing_more(desk: Desk) -> None:
    items = [await sync_to_async(desk.ask)() for _ in range(2)]
    batch = await sync_to_async(confirmed)(desk, items)
    await User.objects.filter(username="rina").aupdate(is_active=False)
    await send(batch)
    assert desk.posts() == []
    assert await aresults(batch) == [("failed", "deactivated")] * 2


def test_an_upgrade_drops_what_was_claimed_or_released_in_bulk(desk: Desk) -> None:
    answers = confirmed(desk, [desk.ask()])
    for verb in ("claim", "release"):
        Batch.objects.filter(pk=preview(desk, [desk.ask()]).pk).update(verb=verb)
    migration = import_module("inbox.migrations.0052_batches_of_answers")
    migration.delete_batches_of_claims(apps, None)
    assert Batch.objects.get() == answers
