from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission

from inbox.access import NotTheirs
from inbox.answering import cancelling
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.respond import respond
from inbox.models import Attempt, Decision, Interaction, Notice
from tests.support.desk import Desk, drafts
from tests.support.scripted_server import CutAfterRead, Pass, PassThenCut, Reply
from tests.support.snapshots import APPROVED

pytestmark = pytest.mark.django_db(transaction=True)

CANCEL, READ = r"/cancel$", r"/interactions/[^/]+$"
REASON = "The customer has withdrawn it"


async def ask(desk: Desk, **fields: Any) -> Interaction:
    made = await sync_to_async(desk.project.ask)(**fields)
    snapshot = await look_up(made["id"])
    await sync_to_async(lambda: apply_snapshot(snapshot).publish())()
    return await Interaction.objects.aget(mobius_id=made["id"])


async def cancel(desk: Desk, item: Interaction, who: str = "tess") -> Outcome[Interaction]:
    reviewer = await sync_to_async(desk.person)(who)
    return await cancelling.cancel(reviewer=reviewer, interaction_id=item.mobius_id, reason=REASON)


async def elsewhere(desk: Desk, item: Interaction, what: str, **body: Any) -> None:
    client = desk.project.as_("user_rina" if what == "respond" else "user_lee")
    answer = await sync_to_async(client.post)(f"interactions/{item.mobius_id}/{what}", json=body)
    assert answer.is_success, answer.text


@sync_to_async
def log() -> list[tuple[str, str, str, str, Any]]:
    rows = Decision.objects.filter(verb="question_cancelled").order_by("number")
    return list(rows.values_list("actor", "interaction_id", "comment", "credential_kind", "value"))


async def test_a_lead_cancels_a_question_and_a_held_answer_comes_back(later_desk: Desk) -> None:
    item = await ask(later_desk)
    rina = await sync_to_async(later_desk.person)("rina")
    await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        comment="Go",
        operation_id="op1",
        hold_for=timedelta(minutes=5),
    )
    done = await cancel(later_desk, item)
    assert (done.kind, done.subject.status) == (Kind.CANCELLED, "cancelled")
    assert await log() == [("user_tess", item.mobius_id, REASON, "member", None)]
    (sent,) = later_desk.server.seen("POST", CANCEL)
    assert sent.json == {"reason": REASON}
    assert sent.headers["authorization"] == f"Bearer {later_desk.project.tokens['user_tess']}"
    assert not await Attempt.objects.filter(state=Attempt.State.HELD).aexists()
    assert [text for _values, text in await drafts()] == ["Go"]
    notice = await Notice.objects.aget(kind=Notice.Kind.NOT_SENT)
    assert (notice.reviewer_id, notice.reason) == (rina.pk, Kind.CLOSED)


async def test_a_question_in_review_is_cancelled_too(later_desk: Desk) -> None:
    policy = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee"]}}
    item = await ask(later_desk, resolution_policy=policy)
    await elsewhere(later_desk, item, "respond", value=True)
    snapshot = await look_up(item.mobius_id)
    await sync_to_async(lambda: apply_snapshot(snapshot).publish())()
    assert (await cancel(later_desk, item)).kind is Kind.CANCELLED


async def test_a_response_that_is_lost_is_found_by_reading(later_desk: Desk) -> None:
    item = await ask(later_desk)
    later_desk.server.on("POST", CANCEL, PassThenCut())
    assert (await cancel(later_desk, item)).kind is Kind.CANCELLED
    assert len(await log()) == len(later_desk.server.seen("POST", CANCEL)) == 1


async def test_one_that_did_not_arrive_is_not_sent_again(later_desk: Desk) -> None:
    item = await ask(later_desk)
    later_desk.server.on("POST", CANCEL, CutAfterRead())
    done = await cancel(later_desk, item)
    assert (done.kind, done.subject.is_open) == (Kind.STILL_OPEN, True)
    assert await log() == []
    assert len(later_desk.server.seen("POST", CANCEL)) == 1


async def test_an_unknown_result_is_logged_as_unknown(later_desk: Desk) -> None:
    item = await ask(later_desk)
    later_desk.server.on("POST", CANCEL, PassThenCut())
    later_desk.server.on("GET", READ, Reply(503), always=True)
    assert (await cancel(later_desk, item)).kind is Kind.UNCONFIRMED
    assert [entry[-1] for entry in await log()] == [{"arrived": "unknown"}]


async def test_the_second_of_two_leads_cancels_nothing(later_desk: Desk) -> None:
    item = await ask(later_desk)
    await elsewhere(later_desk, item, "cancel", reason="Asked twice")
    # Mobius may also accept this for a closed question.
    later_desk.server.on("POST", CANCEL, Pass(), Reply(200, {}))
    for _ in range(2):
        done = await cancel(later_desk, item)
        assert (done.kind, done.subject.status) == (Kind.CLOSED, "cancelled")
        await Interaction.objects.aupdate(
            status="pending", updated_at=datetime(2020, 1, 1, tzinfo=UTC)
        )
    assert await log() == []


async def test_an_answer_that_came_first_stays(later_desk: Desk) -> None:
    item = await ask(later_desk)
    await elsewhere(later_desk, item, "respond", value=True)
    done = await cancel(later_desk, item)
    assert (done.kind, done.subject.status) == (Kind.CLOSED, "completed")
    assert await log() == []


async def test_a_token_without_the_right_changes_nothing(later_desk: Desk) -> None:
    item = await ask(later_desk)
    later_desk.server.on("POST", CANCEL, Reply(403, {"error": {"code": "permission_denied"}}))
    assert (await cancel(later_desk, item)).kind is Kind.NOT_ALLOWED
    assert await log() == []


async def test_without_the_permission_the_question_is_not_theirs(
    later_desk: Desk,
) -> None:
    item = await ask(later_desk)
    tess = await sync_to_async(later_desk.person)("tess")
    given = await Permission.objects.aget(codename="cancel_question")
    for who in ("rina", "tess"):
        if who == "tess":
            await sync_to_async(tess.user.user_permissions.remove)(given)
        with pytest.raises(NotTheirs):
            await cancel(later_desk, item, who)
    assert not later_desk.server.seen("POST", CANCEL)
