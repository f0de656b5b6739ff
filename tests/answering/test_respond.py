"""Answering once: what goes right, what is refused, and that an answer counts once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async

from inbox.answering import draft
from inbox.answering.draft import TypedIn
from inbox.answering.outcome import Kind
from inbox.answering.question import NotAsked
from inbox.answering.respond import read_and_check, respond
from inbox.answering.shown_version import ShownVersion, shown_version_of
from inbox.models import Credential, Draft, Interaction
from tests.support.desk import Desk, attempts, decisions, drafts
from tests.support.scripted_server import Hold, Pass, Reply
from tests.support.snapshots import APPROVED, REJECTED, only_answer


async def test_an_answer_reaches_mobius_under_the_reviewers_own_name(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        comment="Go",
        operation_id="op1",
    )
    assert outcome.kind is Kind.ANSWERED
    interaction = desk.upstream(item.mobius_id)
    assert (interaction["status"], interaction["response"]["value"]) == ("completed", True)
    assert (interaction["responder"]["id"], interaction["response"]["comment"]) == (
        "user_rina",
        "Go",
    )
    assert outcome.subject.status == "completed"


async def test_attempt_decision_and_draft_are_settled_with_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)(context={"amount": 12})
    rina = await sync_to_async(desk.person)("rina")
    await respond(
        reviewer=rina, interaction_id=item.mobius_id, answers=REJECTED, operation_id="op1"
    )
    assert await attempts() == [("answered", "respond")]
    assert await drafts() == []
    (entry,) = await decisions()
    assert (entry.actor, entry.account, entry.credential_kind) == ("user_rina", "rina", "member")
    assert (entry.answers, entry.operation_id, entry.verb) == (REJECTED, "op1", "respond")
    assert entry.shown["message"] == "Ship it?"
    assert entry.shown["context"] == {"amount": 12}


async def test_the_earlier_text_is_kept_when_the_draft_is_sent(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    for device in ("phone", "desk"):
        await sync_to_async(draft.save)(
            reviewer=rina,
            interaction_id=item.mobius_id,
            values={},
            comment=f"From the {device}",
            typed_in=TypedIn(form=device),
        )
    await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        comment="From the desk, to the end",
        operation_id="desk",
        typed_in=TypedIn(form="desk"),
    )
    left = await Draft.objects.aget()
    assert (left.comment, left.earlier_values) == ("From the phone", None)
    assert left.closed_at is not None


async def test_the_token_is_noted_as_used(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    credential = await Credential.objects.aget(reviewer=rina)
    assert credential.used_at is not None


async def test_one_answer_of_three_waits_for_the_others(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("change-board")
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert outcome.kind is Kind.PENDING_OTHERS
    assert outcome.subject.missing == ["user_sam", "user_lee"]
    assert desk.upstream(item.mobius_id)["status"] == "pending"


async def test_someone_who_was_not_asked_finds_nothing(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    for name in ("sam", "tess"):
        person = await sync_to_async(desk.person)(name)
        with pytest.raises(NotAsked):
            await respond(reviewer=person, interaction_id=item.mobius_id, answers=APPROVED)
    assert desk.posts() == []
    assert await attempts() == []


async def test_a_repeated_submit_is_one_answer_with_the_same_outcome(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    first = await respond(
        reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED, operation_id="op1"
    )
    again = await respond(
        reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED, operation_id="op1"
    )
    assert first.kind is again.kind is Kind.ANSWERED
    assert len(desk.posts()) == 1
    assert len(await decisions()) == 1


async def test_a_double_click_is_one_answer_with_the_same_outcome(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")

    async def click() -> Kind:
        outcome = await respond(
            reviewer=rina,
            interaction_id=item.mobius_id,
            answers=APPROVED,
            operation_id="op1",
        )
        return outcome.kind

    assert await asyncio.gather(click(), click(), click()) == [Kind.ANSWERED] * 3
    assert len(desk.posts()) == 1
    assert await attempts() == [("answered", "respond")]


async def test_two_tabs_send_one_answer_and_both_show_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    one, other = await asyncio.gather(
        respond(
            reviewer=rina,
            interaction_id=item.mobius_id,
            answers=APPROVED,
            operation_id="tab1",
        ),
        respond(
            reviewer=rina,
            interaction_id=item.mobius_id,
            answers=REJECTED,
            operation_id="tab2",
        ),
    )
    assert {one.kind, other.kind} == {Kind.ANSWERED, Kind.ALREADY_ANSWERED}
    assert len(await decisions()) == 1


async def test_the_same_operation_of_another_item_is_an_answer_of_its_own(desk: Desk) -> None:
    one, other = await sync_to_async(desk.ask)(), await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    for item in (one, other):
        outcome = await respond(
            reviewer=rina,
            interaction_id=item.mobius_id,
            answers=APPROVED,
            operation_id="op1",
        )
        assert outcome.kind is Kind.ANSWERED
    assert len(desk.posts()) == 2


async def test_it_reports_that_someone_else_was_first(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    desk.elsewhere("user_lee", item.mobius_id, True)
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(
        reviewer=rina, interaction_id=item.mobius_id, answers=REJECTED, comment="Not yet"
    )
    assert (outcome.kind, outcome.subject.answered_by) == (Kind.CLOSED, ["user_lee"])
    assert await drafts() == [(["false"], "Not yet")]
    assert (await Draft.objects.aget()).closed_at is not None
    assert await attempts() == [("refused", "closed")]


async def test_it_says_what_i_answered_elsewhere(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    desk.elsewhere("user_rina", item.mobius_id, False)
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert outcome.kind is Kind.ALREADY_ANSWERED
    assert outcome.subject.responses[0]["answers"] == REJECTED
    assert await decisions() == []
    assert await drafts() == [(["true"], "")]


@pytest.mark.parametrize(
    ("minutes", "kind"),
    [(-2, Kind.ALREADY_ANSWERED), (0, Kind.ANSWERED), (2, Kind.ALREADY_ANSWERED)],
)
async def test_an_equal_answer_is_ours_only_around_the_time_of_the_attempt(
    desk: Desk, minutes: int, kind: Kind
) -> None:
    """A refused attempt cannot be told from one that a proxy sent twice, except by its time."""
    item = await sync_to_async(desk.ask)()
    desk.elsewhere("user_rina", item.mobius_id, True)
    interaction = desk.upstream(item.mobius_id)
    at = (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
    interaction["completed_at"] = interaction["response"]["at"] = at
    refused = {"error": {"code": "conflict", "message": "No."}}
    desk.server.on("POST", r"/respond$", Reply(409, refused))
    desk.server.on("GET", r"/interactions/[^/]+$", Reply(200, interaction))
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert outcome.kind is kind
    assert len(await decisions()) == (kind is Kind.ANSWERED)


async def test_a_members_second_answer_of_the_same_question_is_refused(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)("change-board")
    desk.elsewhere("user_rina", item.mobius_id, True)
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=REJECTED)
    assert outcome.kind is Kind.ALREADY_ANSWERED
    assert outcome.subject.status == "pending"


async def test_it_reports_who_has_claimed_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    desk.project.as_("user_lee").post(f"interactions/{item.mobius_id}/claim")
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.CLAIMED_BY_ANOTHER, "user_lee")
    assert await attempts() == [("refused", "already_claimed")]
    assert await drafts() == [(["true"], "")]


async def test_a_released_claim_does_not_prevent_an_answer(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    lee = desk.project.as_("user_lee")
    lee.post(f"interactions/{item.mobius_id}/claim")
    await sync_to_async(desk.read)(item.mobius_id)
    lee.post(f"interactions/{item.mobius_id}/release")
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert outcome.kind is Kind.ANSWERED


async def test_someone_answers_while_mine_is_on_its_way(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    rina = await sync_to_async(desk.person)("rina")
    held = Hold(Pass())
    desk.server.on("POST", r"/respond$", held)
    mine = asyncio.ensure_future(
        respond(reviewer=rina, interaction_id=item.mobius_id, answers=REJECTED)
    )
    await asyncio.to_thread(held.reached.wait)
    desk.elsewhere("user_sam", item.mobius_id, True)
    held.release()
    outcome = await mine
    assert (outcome.kind, outcome.subject.answered_by) == (Kind.CLOSED, ["user_sam"])


async def test_a_late_answer_of_mobius_is_waited_for(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    held = Hold(Pass())
    desk.server.on("POST", r"/respond$", held)
    mine = asyncio.ensure_future(
        respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    )
    await asyncio.to_thread(held.reached.wait)
    assert await attempts() == [("open", "")]
    assert await drafts() == [(["true"], "")]
    held.release()
    assert (await mine).kind is Kind.ANSWERED


async def test_an_expired_question_is_reported(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    payload = desk.upstream(item.mobius_id)
    now = datetime.now(UTC)
    payload |= {
        "status": "expired",
        "expires_at": (now - timedelta(minutes=5)).isoformat(),
        "updated_at": now.isoformat(),
    }
    await sync_to_async(desk.tell)(payload)
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    assert (outcome.kind, outcome.subject.status) == (Kind.CLOSED, "expired")
    assert desk.posts() == []


async def test_a_changed_question_is_not_answered_unread(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    shown = ShownVersion.parse(shown_version_of(item))
    await Interaction.objects.filter(pk=item.pk).aupdate(message="Ship it today?")
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        comment="Yes",
        shown=shown,
    )
    assert outcome.kind is Kind.QUESTION_CHANGED
    assert desk.posts() == []
    assert await drafts() == [(["true"], "Yes")]
    fresh = await Interaction.objects.aget(pk=item.pk)
    again = await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        shown=ShownVersion.parse(shown_version_of(fresh)),
    )
    assert again.kind is Kind.ANSWERED


@pytest.mark.parametrize("sent", ["", "yesterday", "2026-13-45T00:00:00Z", "2020-01-01T00:00:00Z"])
async def test_an_unreadable_version_is_no_reason_to_refuse(desk: Desk, sent: str) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(
        reviewer=rina,
        interaction_id=item.mobius_id,
        answers=APPROVED,
        shown=ShownVersion.parse(sent),
    )
    assert outcome.kind is Kind.ANSWERED


async def test_a_closed_question_is_closed_before_its_value_is_wrong(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    rina = await sync_to_async(desk.person)("rina")
    assert await read_and_check(reviewer=rina, interaction_id=item.mobius_id) is None
    desk.elsewhere("user_lee", item.mobius_id, True)
    outcome = await read_and_check(reviewer=rina, interaction_id=item.mobius_id)
    assert outcome is not None
    assert outcome.kind is Kind.CLOSED


async def test_without_mobius_the_mirror_decides(desk: Desk) -> None:
    item = await sync_to_async(desk.ask_group)()
    rina = await sync_to_async(desk.person)("rina")
    desk.server.refuse()
    assert await read_and_check(reviewer=rina, interaction_id=item.mobius_id) is None


async def test_every_kind_of_value_arrives_as_it_was_given(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    options = [{"value": v, "label": v.upper()} for v in ("a", "b", "c")]
    for type_, spec, value in (
        ("review", {"mode": "select", "options": options}, "b"),
        ("input", {"mode": "multi_select", "options": options}, ["a", "c"]),
        ("input", {"mode": "multi_select", "options": options}, []),
        ("input", {"mode": "input", "multiline": True}, "Two lines,\nwith “quotes” and 🙂"),
    ):
        item = await sync_to_async(desk.ask)(type=type_, spec=spec)
        outcome = await respond(
            reviewer=rina, interaction_id=item.mobius_id, answers=only_answer(value)
        )
        assert outcome.kind is Kind.ANSWERED
        assert desk.upstream(item.mobius_id)["response"]["value"] == value


async def test_the_answer_carries_the_members_token_and_nothing_shows_it(desk: Desk) -> None:
    item = await sync_to_async(desk.ask)()
    rina = await sync_to_async(desk.person)("rina")
    outcome = await respond(reviewer=rina, interaction_id=item.mobius_id, answers=APPROVED)
    (post,) = desk.posts()
    token = desk.project.tokens["user_rina"]
    assert post.headers["authorization"] == f"Bearer {token}"
    assert post.json == {"value": True}
    (entry,) = await decisions()
    assert token not in json.dumps([repr(outcome), str(entry.__dict__)])
