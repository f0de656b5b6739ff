"""Answers that were not made here are entered once, and ours are never taken for such."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.answering import attempts
from inbox.answering.respond import respond, settle_open
from inbox.audit.origin import Origin
from inbox.audit.verify import verify
from inbox.mirror.project import apply
from inbox.mirror.prune import prune
from inbox.mobius.adapters.guide.interaction import read_interaction
from inbox.models import Attempt, Decision, Draft, Interaction, Reviewer, Upstream
from inbox.models.answers import value_of
from inbox.people.clients import credential_for
from tests.support.desk import Desk
from tests.support.snapshots import APPROVED, only_answer


@sync_to_async
def log() -> list[tuple[str, bool, Any, str, str]]:
    assert verify().intact
    rows = Decision.objects.filter(verb="respond").order_by("number")
    return [
        (row.actor, row.observed, value_of(row.answers), row.address, row.credential_kind)
        for row in rows
    ]


def sync_hears(desk: Desk, id: str) -> None:
    interaction = read_interaction(desk.upstream(id))
    apply(Upstream.current(), [interaction], read_at=timezone.now())


@sync_to_async
def send_and_die(desk: Desk, item: Interaction, *, value: Any = True) -> Attempt:
    rina = desk.person("rina")
    return attempts.begin(
        attempts.Submission(
            reviewer=rina,
            interaction_id=item.mobius_id,
            answers=only_answer(value),
            operation_id="op_1",
            origin=Origin("10.4.18.22"),
        ),
        item,
        credential_for(rina, item),
    )


async def test_an_answer_from_elsewhere_is_entered_once(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, False, "Too early.")
    for _ in range(3):
        await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == [("user_rina", True, False, "", "")]
    entry = await Decision.objects.aget()
    assert entry.comment == "Too early."
    assert (entry.account, entry.shown) == ("", {})


async def test_each_answer_of_a_group_is_logged_once(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("change-board")
    for user_id in ("user_sam", "user_lee"):
        await sync_to_async(desk.elsewhere)(user_id, item.mobius_id, True)
        await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == [("user_sam", True, True, "", ""), ("user_lee", True, True, "", "")]


async def test_our_own_answer_is_not_logged_again_when_the_sync_sees_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await respond(
        reviewer=await sync_to_async(desk.person)("rina"),
        interaction_id=item.mobius_id,
        answers=APPROVED,
        origin=Origin("10.4.18.22"),
    )
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == [("user_rina", False, True, "10.4.18.22", "member")]


async def test_the_sync_may_hear_of_it_before_we_do(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await send_and_die(desk, item)
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, True)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == []
    await settle_open()
    await settle_open()
    assert await log() == [("user_rina", False, True, "10.4.18.22", "member")]


async def test_while_ours_is_on_its_way_another_of_mine_is_left_to_its_end(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await send_and_die(desk, item, value=True)
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, False)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == []
    await settle_open()
    assert await log() == [("user_rina", True, False, "", "")]


async def test_an_attempt_that_is_given_up_leaves_nothing_out(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    attempt = await send_and_die(desk, item, value=True)
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, False)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    await sync_to_async(attempts.refuse)(attempt, "conflict")
    assert await log() == [("user_rina", True, False, "", "")]


async def test_a_colleague_who_was_first_is_entered_once_ours_has_ended(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("approvers")
    attempt = await send_and_die(desk, item)
    await sync_to_async(desk.elsewhere)("user_sam", item.mobius_id, False)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    # Whoever is named, the answer may be ours.
    assert await log() == []
    await sync_to_async(attempts.refuse)(attempt, "closed")
    assert await log() == [("user_sam", True, False, "", "")]


async def test_an_answer_given_up_that_arrives_after_all_is_ours(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    attempt = await send_and_die(desk, item)
    await sync_to_async(attempts.refuse)(attempt, "never_arrived")
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, True)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    assert await log() == [("user_rina", False, True, "10.4.18.22", "member")]


@pytest.mark.parametrize(
    ("ended", "observed"), [(timedelta(0), False), (timedelta(minutes=2), True)]
)
async def test_a_refused_answer_that_arrives_after_all_is_ours_for_a_minute(
    desk: Desk, ended: timedelta, observed: bool
) -> None:
    item = await sync_to_async(desk.ask)()
    attempt = await send_and_die(desk, item)
    await sync_to_async(attempts.record_status)(attempt, 409)
    await sync_to_async(attempts.refuse)(attempt, "conflict")
    before = timezone.now() - ended
    await Attempt.objects.aupdate(settled_at=before, created_at=before)
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, True)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    entry = await Decision.objects.aget()
    assert (entry.observed, entry.http_status) == (observed, None if observed else 409)


async def test_people_and_questions_can_go_and_the_log_stays(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, True)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    await Draft.objects.all().adelete()
    await Interaction.objects.all().adelete()
    await Reviewer.objects.all().adelete()
    assert len(await log()) == 1


async def test_history_days_do_not_touch_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    await sync_to_async(desk.elsewhere)("user_rina", item.mobius_id, True)
    await sync_to_async(sync_hears)(desk, item.mobius_id)
    later = timezone.now() + timedelta(days=1000)
    while await sync_to_async(prune)(later):
        pass
    assert not await Interaction.objects.aexists()
    assert len(await log()) == 1
