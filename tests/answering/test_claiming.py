"""Claiming and releasing a group's question, also when others are faster or Mobius fails."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from cryptography.fernet import Fernet
from django.utils import timezone

from inbox.answering import claiming
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import NotAsked
from inbox.live.bus import get_bus
from inbox.models import ActionAttempt, Credential, Interaction, Recipient
from tests.support.desk import Desk, decisions
from tests.support.scripted_server import (
    CutAfterRead,
    CutBeforeRead,
    Hold,
    Pass,
    PassThenCut,
    PassThenReply,
    Reply,
)

READ = r"/interactions/[^/]+$"
CLAIM = r"/claim$"
RELEASE = r"/release$"


async def press(desk: Desk, name: str, verb: Any, id: str) -> Outcome[Interaction]:
    person = await sync_to_async(desk.person)(name)
    outcome: Outcome[Interaction] = await verb(reviewer=person, interaction_id=id)
    return outcome


async def claim(desk: Desk, name: str, item: Interaction) -> Outcome[Interaction]:
    return await press(desk, name, claiming.claim, item.mobius_id)


async def release(desk: Desk, name: str, item: Interaction) -> Outcome[Interaction]:
    return await press(desk, name, claiming.release, item.mobius_id)


@sync_to_async
def takes(desk: Desk, user_id: str, item: Interaction, verb: str = "claim") -> None:
    """The mirror has not heard of it."""
    answer = desk.project.as_(user_id).post(f"interactions/{item.mobius_id}/{verb}")
    assert answer.is_success, answer.text


@sync_to_async
def claimed_by(desk: Desk, item: Interaction) -> Any:
    return desk.upstream(item.mobius_id)["claimed_by"]


@sync_to_async
def claimed_rows() -> list[str]:
    return list(Recipient.objects.filter(claimed=True).values_list("user_id", flat=True))


def refusal(status: int, code: str, **details: Any) -> Reply:
    return Reply(status, {"error": {"code": code, "message": "No.", "details": details}})


@sync_to_async
def group_ask(desk: Desk, handle: str = "approvers", **fields: Any) -> Interaction:
    return desk.ask_group(handle, **fields)


async def test_a_claim_is_upstream_in_the_mirror_and_in_the_log(desk: Desk) -> None:
    item = await group_ask(desk)
    outcome = await claim(desk, "rina", item)
    assert outcome.kind is Kind.CLAIMED
    assert outcome.subject.claimed_by == "user_rina"
    assert await claimed_by(desk, item) == "user_rina"
    assert await claimed_rows() == ["user_rina"]
    (entry,) = await decisions()
    assert (entry.verb, entry.actor, entry.account) == ("claim", "user_rina", "rina")
    assert entry.credential_kind == "member"
    assert entry.at == outcome.subject.claimed_at


async def test_all_who_were_asked_hear_of_it(desk: Desk) -> None:
    item = await group_ask(desk)
    heard: list[str] = []
    leave = get_bus().subscribe(heard.extend)
    await claim(desk, "rina", item)
    leave()
    wanted = {f"item:{item.mobius_id}", "inbox:user_rina"}
    wanted |= {f"questions:user_{name}" for name in ("sam", "lee")}
    assert wanted <= set(heard)


async def test_pressed_twice_it_is_one_claim(desk: Desk) -> None:
    item = await group_ask(desk)
    both = await asyncio.gather(claim(desk, "rina", item), claim(desk, "rina", item))
    assert [one.kind for one in both] == [Kind.CLAIMED, Kind.CLAIMED]
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert len(await decisions()) == 1


async def test_a_released_question_can_be_claimed_by_someone_else(desk: Desk) -> None:
    item = await group_ask(desk)
    await claim(desk, "rina", item)
    outcome = await release(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.RELEASED, None)
    assert await claimed_rows() == []
    assert (await claim(desk, "lee", item)).kind is Kind.CLAIMED
    assert [entry.verb for entry in await decisions()] == ["claim", "release", "claim"]


async def test_releasing_an_unclaimed_question_changes_and_logs_nothing(desk: Desk) -> None:
    item = await group_ask(desk)
    assert (await release(desk, "rina", item)).kind is Kind.RELEASED
    assert await decisions() == []


async def test_losing_the_race_names_who_won(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.CLAIMED_BY_ANOTHER, "user_lee")
    assert await decisions() == []


@pytest.mark.parametrize("status", [400, 409])
async def test_a_late_claim_is_read_again_whatever_the_wire_answers(
    desk: Desk, status: int
) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    desk.server.on("POST", CLAIM, refusal(status, "bad_request"))
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.CLAIMED_BY_ANOTHER, "user_lee")


@pytest.mark.parametrize("status", [400, 409])
async def test_a_refused_claim_of_what_is_free_can_be_tried_again(desk: Desk, status: int) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, refusal(status, "conflict"))
    outcome = await claim(desk, "rina", item)
    assert outcome.kind is Kind.STILL_OPEN
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED


async def test_a_refused_claim_of_what_i_claimed_before_is_no_new_entry(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_rina", item)
    await sync_to_async(desk.read)(item.mobius_id)
    desk.server.on("POST", CLAIM, refusal(409, "already_claimed", claimed_by="user_rina"))
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert await decisions() == []


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429])
async def test_a_claim_that_mobius_accepted_is_logged_whatever_status_came_back(
    desk: Desk, status: int
) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, PassThenReply(status))
    desk.server.on("POST", RELEASE, PassThenReply(status))
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert (await release(desk, "rina", item)).kind is Kind.RELEASED
    entries = await decisions()
    assert [(one.verb, one.http_status) for one in entries] == [
        ("claim", status),
        ("release", status),
    ]
    assert (await Credential.objects.aget(reviewer__user__username="rina")).refused_at is None
    assert len(desk.server.seen("POST", CLAIM)) == len(desk.server.seen("POST", RELEASE)) == 1
    assert not await ActionAttempt.objects.aexists()


@pytest.mark.parametrize("step", [PassThenCut(), PassThenReply(409)])
async def test_an_unconfirmed_claim_is_logged_once_it_can_be_checked(desk: Desk, step: Any) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, step)
    desk.server.on("GET", READ, Reply(500), always=True)
    assert (await claim(desk, "rina", item)).kind is Kind.UNCONFIRMED
    await claiming.settle_open()
    assert await decisions() == []
    desk.server.forget()
    await claiming.settle_open()
    await claiming.settle_open()
    (entry,) = await decisions()
    assert (entry.verb, entry.account) == ("claim", "rina")
    assert not await ActionAttempt.objects.aexists()


async def test_a_claim_that_someone_else_won_is_never_logged_as_mine(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    await claim(desk, "rina", item)
    await claiming.settle_open()
    past = timezone.now() - ActionAttempt.GIVE_UP_AFTER_FAILURE - timedelta(seconds=1)
    await ActionAttempt.objects.aupdate(ended_at=past)
    await claiming.settle_open()
    assert await decisions() == []
    assert not await ActionAttempt.objects.aexists()


async def test_a_refused_release_of_what_lee_released_is_not_logged_as_mine(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    await sync_to_async(desk.read)(item.mobius_id)
    await takes(desk, "user_lee", item, "release")
    desk.server.on("POST", RELEASE, refusal(409, "conflict"))
    await release(desk, "rina", item)
    assert await decisions() == []


async def test_a_claim_of_an_answered_question_shows_who_answered_what(desk: Desk) -> None:
    item = await group_ask(desk)
    await sync_to_async(desk.elsewhere)("user_lee", item.mobius_id, True)
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.subject.answered_by) == (Kind.CLOSED, ["user_lee"])


async def test_a_question_closed_in_the_mirror_is_not_claimed(desk: Desk) -> None:
    item = await group_ask(desk)
    await sync_to_async(desk.elsewhere)("user_lee", item.mobius_id, True)
    await sync_to_async(desk.read)(item.mobius_id)
    assert (await claim(desk, "rina", item)).kind is Kind.CLOSED
    assert desk.server.seen("POST", CLAIM) == []


async def test_only_the_person_who_claimed_it_can_release_it(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    outcome = await release(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.CLAIMED_BY_ANOTHER, "user_lee")
    assert await claimed_by(desk, item) == "user_lee"


async def test_a_question_claimed_only_in_the_mirror_is_still_claimed_upstream(desk: Desk) -> None:
    item = await group_ask(desk)
    await takes(desk, "user_lee", item)
    await sync_to_async(desk.read)(item.mobius_id)
    await takes(desk, "user_lee", item, "release")
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED


async def test_a_claim_whose_answer_was_lost_is_found_and_sent_once(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, PassThenCut())
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert len(desk.server.seen("POST", CLAIM)) == 1
    assert [entry.verb for entry in await decisions()] == ["claim"]


async def test_a_yes_that_does_not_show_the_claim_is_read_again(desk: Desk) -> None:
    item = await group_ask(desk)
    unclaimed = await sync_to_async(desk.upstream)(item.mobius_id)
    desk.server.on("POST", CLAIM, PassThenReply(200, unclaimed))
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert [entry.verb for entry in await decisions()] == ["claim"]
    assert not await ActionAttempt.objects.aexists()


@pytest.mark.parametrize("step", [CutBeforeRead(), CutAfterRead(), Reply(500), Reply(200, "no")])
async def test_a_claim_that_did_not_arrive_can_be_tried_again(desk: Desk, step: Any) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, step)
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.STILL_OPEN, None)
    assert len(desk.server.seen("POST", CLAIM)) == 1
    assert await decisions() == []


async def test_a_lost_release_that_did_not_arrive_leaves_the_claim(desk: Desk) -> None:
    item = await group_ask(desk)
    await claim(desk, "rina", item)
    desk.server.on("POST", RELEASE, CutAfterRead())
    outcome = await release(desk, "rina", item)
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.STILL_OPEN, "user_rina")


async def test_a_claim_that_lost_to_lees_shows_lees(desk: Desk) -> None:
    item = await group_ask(desk)
    held = Hold(Pass())
    desk.server.on("POST", CLAIM, held)
    mine = asyncio.ensure_future(claim(desk, "rina", item))
    await asyncio.to_thread(held.reached.wait)
    await takes(desk, "user_lee", item)
    held.release()
    outcome = await mine
    assert (outcome.kind, outcome.subject.claimed_by) == (Kind.CLAIMED_BY_ANOTHER, "user_lee")


async def test_nothing_is_claimed_where_the_truth_cannot_be_read(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, CutAfterRead())
    desk.server.on("GET", READ, *[Reply(503)] * 10)
    outcome = await claim(desk, "rina", item)
    assert outcome.kind is Kind.UNCONFIRMED


async def test_a_refused_token_is_marked_and_reported(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, refusal(401, "unauthorized"))
    outcome = await claim(desk, "rina", item)
    assert outcome.kind is Kind.TOKEN_REFUSED
    marked = await Credential.objects.aget(reviewer__user__username="rina")
    assert marked.refused_at is not None
    assert (await claim(desk, "rina", item)).kind is Kind.CLAIMED
    assert (await Credential.objects.aget(pk=marked.pk)).refused_at is None


async def test_a_403_says_what_mobius_says(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.server.on("POST", CLAIM, refusal(403, "permission_denied"))
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.message) == (Kind.NOT_ACCEPTED, "No.")


async def test_a_429_has_the_time_to_try_again(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.server.on(
        "POST", CLAIM, Reply(429, {"error": {"code": "x", "message": "No."}}, {"retry-after": "7"})
    )
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.retry_after) == (Kind.RATE_LIMITED, 7)


async def test_without_a_token_of_ones_own_nothing_is_sent(desk: Desk) -> None:
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    item = await group_ask(desk)
    await Credential.objects.filter(reviewer__user__username="rina").adelete()
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.lost) == (Kind.NO_CREDENTIAL, False)
    assert desk.server.seen("POST", CLAIM) == []


async def test_a_token_whose_key_is_lost_says_so(desk: Desk) -> None:
    item = await group_ask(desk)
    desk.settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    outcome = await claim(desk, "rina", item)
    assert (outcome.kind, outcome.lost) == (Kind.NO_CREDENTIAL, True)
    assert desk.server.seen("POST", CLAIM) == []


async def test_a_question_for_everyone_cannot_be_claimed(desk: Desk) -> None:
    item = await group_ask(desk, "change-board")
    outcome = await claim(desk, "rina", item)
    assert outcome.kind is Kind.NO_CLAIMS
    assert desk.server.seen("POST", CLAIM) == []


@pytest.mark.parametrize("name", ["tess", "rina"])
async def test_questions_that_the_person_cannot_claim_are_not_found(desk: Desk, name: str) -> None:
    """A lead who was not asked, and the assignee of a question to one person."""
    ask = desk.ask if name == "rina" else desk.ask_group
    item = await sync_to_async(ask)()
    for verb in (claim, release):
        with pytest.raises(NotAsked):
            await verb(desk, name, item)
