"""Accepting and requesting changes, also when others are faster or Mobius fails."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.answering import draft, reviewing
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.question import NotAsked
from inbox.answering.reviewing import Review, Verb
from inbox.mobius import types
from inbox.models import ActionAttempt, Credential, Decision, Interaction
from inbox.models.attempt import GIVE_UP_AFTER
from tests.fixtures_engine import LaterProject, Organization
from tests.support.desk import Desk, drafts
from tests.support.scripted_server import (
    CutAfterRead,
    Hold,
    Pass,
    PassThenCut,
    Reply,
    ScriptedServer,
)

pytestmark = pytest.mark.django_db(transaction=True)

REVIEW, READ = r"/review$", r"/interactions/[^/]+$"
BY_LEE = {"type": "any_of", "review": {"reviewer_user_ids": ["user_lee", "user_sam"]}}
WHY = "Please name a date."
YES: dict[str, dict[str, Any]] = {
    "b": {"value": True},
    "c": {"answers": [{"question_id": "ship", "value": "approved"}]},
}


@pytest.fixture(params=["b", "c"])
def desk(request: pytest.FixtureRequest, db: None, settings: Any, patience: None) -> Iterator[Desk]:
    name = {"b": "later_project", "c": "organization"}[request.param]
    project: LaterProject | Organization = request.getfixturevalue(name)
    settings.MOBIUS_API = project.api
    with ScriptedServer(upstream=project.base_url) as between:
        yield Desk(project, between, settings)


async def read(id: str) -> Interaction:
    snapshot = await look_up(id)
    await sync_to_async(lambda: apply_snapshot(snapshot).publish())()
    return await Interaction.objects.aget(mobius_id=id)


async def elsewhere(desk: Desk, id: str, who: str, what: str, **body: Any) -> None:
    """The mirror has not heard of it."""
    client = desk.project.as_(who)
    answer = await sync_to_async(client.post)(f"interactions/{id}/{what}", json=body)
    assert answer.is_success, answer.text


async def submit(desk: Desk, id: str) -> Interaction:
    await elsewhere(desk, id, "user_rina", "respond", **YES[desk.project.api])
    return await read(id)


async def submitted(desk: Desk, **fields: Any) -> Interaction:
    made = await sync_to_async(desk.project.ask)(**{"resolution_policy": BY_LEE, **fields})
    return await submit(desk, made["id"])


async def press(
    desk: Desk, item: Interaction, verb: Verb, who: str = "lee", **fields: Any
) -> Outcome[Interaction]:
    person = await sync_to_async(desk.person)(who)
    fields = {"comment": "" if verb is Verb.ACCEPT else WHY, **fields}
    return await reviewing.review(Review(person, item.mobius_id, verb, **fields))


@sync_to_async
def log() -> list[tuple[str, str, int, str, str]]:
    rows = Decision.objects.filter(verb__in=list(Verb)).order_by("number")
    return list(rows.values_list("verb", "actor", "round", "comment", "credential_kind"))


async def test_a_question_goes_back_and_forth_until_it_is_accepted(desk: Desk) -> None:
    item = await submitted(desk)
    done = await press(desk, item, Verb.REQUEST_CHANGES, round=0)
    assert (done.kind, done.subject.status, done.subject.round) == (
        Kind.CHANGES_REQUESTED,
        "pending",
        1,
    )
    await submit(desk, item.mobius_id)
    done = await press(desk, item, Verb.ACCEPT, round=1)
    assert (done.kind, done.subject.status) == (Kind.ACCEPTED, "completed")
    assert await log() == [
        ("request_changes", "user_lee", 0, WHY, "member"),
        ("accept", "user_lee", 1, "", "member"),
    ]
    assert not await ActionAttempt.objects.aexists()
    first, second = desk.server.seen("POST", REVIEW)
    assert first.json == {"action": "request_changes", "comment": WHY}
    assert second.json == {"action": "accept"}
    assert first.headers["authorization"] == f"Bearer {desk.project.tokens['user_lee']}"


async def test_pressed_twice_it_is_sent_once(desk: Desk) -> None:
    item = await submitted(desk)
    both = await asyncio.gather(*(press(desk, item, Verb.ACCEPT, round=0) for _ in range(2)))
    assert [one.kind for one in both] == [Kind.ACCEPTED, Kind.ACCEPTED]
    assert len(desk.server.seen("POST", REVIEW)) == len(await log()) == 1


@pytest.mark.parametrize("verb", Verb)
async def test_a_response_that_is_lost_is_found_by_reading(desk: Desk, verb: Verb) -> None:
    item = await submitted(desk)
    desk.server.on("POST", REVIEW, PassThenCut())
    assert (await press(desk, item, verb)).kind is verb.kind
    assert len(desk.server.seen("POST", REVIEW)) == len(await log()) == 1
    assert not await ActionAttempt.objects.aexists()


async def test_an_unclear_one_is_never_repeated_and_settled_by_reading(desk: Desk) -> None:
    item = await submitted(desk)
    lee = await sync_to_async(desk.person)("lee")
    for comment in (WHY, "Something else"):
        await sync_to_async(draft.keep)(lee, item, values={}, comment=comment, closed=False)
    await sync_to_async(draft.put_back)(reviewer=lee, item=item)
    desk.server.on("POST", REVIEW, PassThenCut())
    desk.server.on("GET", READ, Pass())
    desk.server.on("GET", READ, Reply(500), always=True)
    for _ in range(2):
        assert (await press(desk, item, Verb.REQUEST_CHANGES, round=0)).kind is Kind.UNCONFIRMED
        await reviewing.settle_open()
    assert await log() == []
    assert len(await drafts()) == 1
    desk.server.forget()
    await reviewing.settle_open()
    await reviewing.settle_open()
    assert await log() == [("request_changes", "user_lee", 0, WHY, "member")]
    assert [text for _values, text in await drafts()] == ["Something else"]
    assert len(desk.server.seen("POST", REVIEW)) == 1
    assert not await ActionAttempt.objects.aexists()


async def test_one_that_did_not_arrive_can_be_sent_again(desk: Desk) -> None:
    item = await submitted(desk)
    desk.server.on("POST", REVIEW, CutAfterRead())
    assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.STILL_OPEN
    assert await log() == []
    lee = await sync_to_async(desk.person)("lee")
    again = Review(lee, item.mobius_id, Verb.ACCEPT, round=0)
    assert (await reviewing.recheck(again)).kind is Kind.NOT_RECORDED
    assert (await reviewing.review(again)).kind is Kind.ACCEPTED
    assert (await reviewing.recheck(again)).kind is Kind.ACCEPTED
    assert len(await log()) == 1


async def test_one_that_never_shows_is_forgotten(desk: Desk) -> None:
    item = await submitted(desk)
    desk.server.on("POST", REVIEW, CutAfterRead())
    await press(desk, item, Verb.ACCEPT)
    await reviewing.settle_open()
    assert await ActionAttempt.objects.acount() == 1
    await ActionAttempt.objects.aupdate(created_at=timezone.now() - GIVE_UP_AFTER * 2)
    await reviewing.settle_open()
    assert not await ActionAttempt.objects.aexists()


async def test_a_success_that_does_not_show_it_yet_is_taken(desk: Desk) -> None:
    item = await submitted(desk)
    as_before = await look_up(item.mobius_id)
    assert isinstance(as_before, types.Interaction)
    desk.server.on("POST", REVIEW, Reply(200, as_before.raw))
    for _ in range(2):
        assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.RECEIVED
    assert len(desk.server.seen("POST", REVIEW)) == 1
    await elsewhere(desk, item.mobius_id, "user_lee", "review", action="accept")
    await reviewing.settle_open()
    assert await log() == [("accept", "user_lee", 0, "", "member")]


async def test_answers_that_the_person_has_not_seen_are_not_accepted(desk: Desk) -> None:
    item = await submitted(desk)
    again = {"action": "request_changes", "comment": "Again."}
    await elsewhere(desk, item.mobius_id, "user_sam", "review", **again)
    done = await press(desk, item, Verb.ACCEPT, round=0)
    assert (done.kind, done.subject.status) == (Kind.NOT_IN_REVIEW, "pending")
    await elsewhere(desk, item.mobius_id, "user_rina", "respond", **YES[desk.project.api])
    assert (await press(desk, item, Verb.ACCEPT, round=0)).kind is Kind.SUBMITTED_AGAIN
    assert not desk.server.seen("POST", REVIEW)
    assert await log() == []


async def test_someone_else_was_first(desk: Desk) -> None:
    item = await submitted(desk)
    accepted = Hold(Pass())
    desk.server.on("POST", REVIEW, accepted)
    sent = asyncio.create_task(press(desk, item, Verb.ACCEPT))
    await asyncio.to_thread(accepted.reached.wait)
    await elsewhere(desk, item.mobius_id, "user_sam", "review", action="accept")
    accepted.release()
    done = await sent
    assert (done.kind, done.subject.status) == (Kind.CLOSED, "completed")
    assert await log() == []
    assert not await ActionAttempt.objects.aexists()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "bad_request", Kind.NOT_ACCEPTED),
        (401, "unauthorized", Kind.TOKEN_REFUSED),
        (403, "forbidden", Kind.NOT_ALLOWED),
        (409, "conflict", Kind.STILL_OPEN),
        (429, "rate_limit_exceeded", Kind.RATE_LIMITED),
    ],
)
async def test_what_mobius_refuses_can_be_tried_again(
    desk: Desk, status: int, code: str, kind: Kind
) -> None:
    item = await submitted(desk)
    desk.server.on("POST", REVIEW, Reply(status, {"error": {"code": code, "message": "No."}}))
    assert (await press(desk, item, Verb.ACCEPT)).kind is kind
    assert await log() == []
    assert not await ActionAttempt.objects.aexists()
    lee = await Credential.objects.aget(reviewer__user__username="lee")
    assert (lee.refused_at is not None) is (status == 401)
    assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.ACCEPTED


async def test_a_question_that_is_gone_is_deleted(desk: Desk) -> None:
    item = await submitted(desk)
    desk.server.on("GET", READ, Reply(404), always=True)
    assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.DELETED
    assert not desk.server.seen("POST", REVIEW)


async def test_without_mobius_or_a_token_nothing_is_sent(desk: Desk) -> None:
    item = await submitted(desk)
    desk.server.on("GET", READ, Reply(500), always=True)
    assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.UNREACHABLE
    desk.server.forget()
    await Credential.objects.filter(reviewer__user__username="lee").adelete()
    assert (await press(desk, item, Verb.ACCEPT)).kind is Kind.NO_CREDENTIAL
    assert not desk.server.seen("POST", REVIEW)
    assert not await ActionAttempt.objects.aexists()


async def test_nobody_reviews_their_own_work_or_that_of_strangers(desk: Desk) -> None:
    item = await submitted(desk)
    assert (await press(desk, item, Verb.ACCEPT, "rina")).kind is Kind.OWN_WORK
    with pytest.raises(NotAsked):
        await press(desk, item, Verb.ACCEPT, "tess")
    plain = await submitted(desk, resolution_policy=None)
    with pytest.raises(NotAsked):
        await press(desk, plain, Verb.ACCEPT, "rina")
    assert not desk.server.seen("POST", REVIEW)
