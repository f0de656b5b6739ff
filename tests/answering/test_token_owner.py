"""Generations B and C: the first answer shows whose token it was sent with."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from pydantic import SecretStr

from inbox.answering.outcome import Kind, Outcome
from inbox.answering.respond import respond, settle_open
from inbox.mirror import project as mirror
from inbox.models import Attempt, Credential, Decision, Incident, Interaction, Notice, Upstream
from inbox.models.answers import Answers, answers_to
from inbox.people import credentials, member_tokens
from tests.fixtures_engine import LaterProject
from tests.support.desk import Desk, attempts, drafts
from tests.support.scripted_server import Hold, Pass, PassThenCut, Reply, ScriptedServer

SENT, READ = r"/respond$", r"/interactions/[^/]+$"


def yes(project: LaterProject) -> Answers:
    return answers_to({"id": "ship" if project.api == "c" else "answer", "mode": "confirm"}, True)


class LaterDesk(Desk):
    """Rina's stored token is Sam's or her own, and no one has proven that."""

    def __init__(self, project: LaterProject, server: ScriptedServer, settings: Any) -> None:
        settings.MOBIUS_API = project.api
        super().__init__(project, server, settings)

    def give(self, user_id: str) -> Credential:
        token = SecretStr(self.project.tokens[user_id])
        return credentials.adopt(self.person("rina"), token=token, owner=None)

    def tell(self, payload: dict[str, Any]) -> None:
        told = Upstream.current().adapter.interaction("any").read(payload)
        mirror.apply(Upstream.current(), [told], read_at=datetime.now(UTC))

    def ask(self, *people: str, **fields: Any) -> Interaction:
        fields["resolution_policy"] = {"type": fields.pop("policy", "all_of")}
        return self.read(self.project.ask(target_user_ids=list(people), **fields)["id"])

    async def answer(self, id: str, **more: Any) -> Outcome[Interaction]:
        rina = await sync_to_async(self.person)("rina")
        given = yes(self.project)
        more = {"comment": "Go", "operation_id": id, **more}
        return await respond(reviewer=rina, interaction_id=id, answers=given, **more)


@pytest.fixture(params=["later_project", "organization"])
def desk(
    db: None, request: pytest.FixtureRequest, settings: Any, patience: None
) -> Iterator[LaterDesk]:
    project = request.getfixturevalue(request.param)
    with ScriptedServer(upstream=project.base_url) as server:
        yield LaterDesk(project, server, settings)


@sync_to_async
def told() -> tuple[list[str], list[str]]:
    """Who was notified that a token is someone else's, and who that theirs was removed."""
    new = Notice.objects.order_by("reviewer__user__username")
    names = new.values_list("reviewer__user__username", flat=True)
    of_another = names.filter(kind=Notice.Kind.TOKEN_OF_ANOTHER)
    removed = names.filter(kind=Notice.Kind.TOKEN_REMOVED, reason=Notice.ANOTHER_OWNER)
    return list(of_another), list(removed)


async def test_it_proves_a_token(desk: LaterDesk) -> None:
    item = await sync_to_async(desk.ask)("user_rina", "user_sam")
    await sync_to_async(desk.give)("user_rina")
    assert (await desk.answer(item.mobius_id)).kind is Kind.PENDING_OTHERS
    assert (await Credential.objects.aget(reviewer__user__username="rina")).proven_at is not None
    assert await told() == ([], [])


@pytest.mark.parametrize("policy", ["any_of", "all_of"])
async def test_a_token_that_answers_as_someone_else_is_removed(
    desk: LaterDesk, policy: str
) -> None:
    first, second = [
        await sync_to_async(desk.ask)("user_rina", "user_sam", policy=policy) for _ in range(2)
    ]
    await sync_to_async(desk.give)("user_sam")
    outcome = await desk.answer(first.mobius_id)
    assert (outcome.kind, outcome.user_id) == (Kind.ANOTHER_OWNER, "user_sam")
    assert outcome.person == "Sam"
    assert await attempts() == [("refused", "another_owner")]
    assert await drafts() == [(["true"], "Go")]
    assert await told() == (["admin"], ["rina"])
    entry = await Decision.objects.aget(verb="token_of_another")
    assert (entry.actor, entry.interaction_id) == ("", first.mobius_id)
    assert (entry.value["account"], entry.value["owner"]) == ("rina", "user_sam")
    assert await Incident.objects.filter(kind=Incident.Kind.TOKEN_OF_ANOTHER).acount() == 1
    assert (await desk.answer(second.mobius_id)).kind is Kind.NO_CREDENTIAL
    assert len(desk.posts()) == 1


async def test_her_own_token_then_answers_for_her(desk: LaterDesk) -> None:
    item = await sync_to_async(desk.ask)("user_rina", "user_sam")
    await sync_to_async(desk.give)("user_sam")
    await desk.answer(item.mobius_id)
    await sync_to_async(desk.give)("user_rina")
    assert (await desk.answer(item.mobius_id)).kind is Kind.ANSWERED
    assert [state for state, _ in await attempts()] == ["refused", "answered"]
    names = (
        Decision.objects.filter(verb="respond").order_by("number").values_list("actor", "observed")
    )
    assert [row async for row in names] == [("user_sam", True), ("user_rina", False)]


async def test_it_is_found_out_after_a_crash(desk: LaterDesk) -> None:
    """The process ended between the request and storing its result."""
    item, other = [await sync_to_async(desk.ask)("user_rina", "user_sam") for _ in range(2)]
    await sync_to_async(desk.give)("user_sam")
    desk.server.on("POST", SENT, PassThenCut())
    desk.server.on("GET", READ, Reply(503), always=True)
    assert (await desk.answer(item.mobius_id)).kind is Kind.UNCONFIRMED
    assert (await desk.answer(other.mobius_id)).kind is Kind.UNREACHABLE
    desk.server.forget()
    await settle_open()
    assert (await told())[1] == ["rina"]
    assert not await Credential.objects.filter(reviewer__user__username="rina").aexists()
    assert len(desk.posts()) == 1


async def test_sams_own_answer_from_here_does_not_look_like_hers(desk: LaterDesk) -> None:
    item = await sync_to_async(desk.ask)("user_rina", "user_sam", "user_lee")
    await sync_to_async(desk.give)("user_rina")
    sam = await sync_to_async(desk.person)("sam")
    given = yes(desk.project)
    await respond(reviewer=sam, interaction_id=item.mobius_id, answers=given, comment="Go")
    desk.server.on("POST", SENT, Reply(503))
    await desk.answer(item.mobius_id)
    assert (await told())[1] == []
    assert await Credential.objects.filter(reviewer__user__username="rina").aexists()


async def test_two_answers_at_once_use_it_once(desk: LaterDesk) -> None:
    first, second = [await sync_to_async(desk.ask)("user_rina", "user_sam") for _ in range(2)]
    await sync_to_async(desk.give)("user_sam")
    hold = Hold(Pass())
    desk.server.on("POST", SENT, hold)
    sending = asyncio.create_task(desk.answer(first.mobius_id))
    await asyncio.to_thread(hold.reached.wait)
    waiting = asyncio.create_task(desk.answer(second.mobius_id))
    hold.release()
    kinds = {(await sending).kind, (await waiting).kind}
    assert kinds == {Kind.ANOTHER_OWNER, Kind.NO_CREDENTIAL}
    assert len(desk.posts()) == 1


async def test_a_token_added_meanwhile_is_not_the_one_that_answered(desk: LaterDesk) -> None:
    item = await sync_to_async(desk.ask)("user_rina", "user_sam")
    await sync_to_async(desk.give)("user_sam")
    hold = Hold(Pass())
    desk.server.on("POST", SENT, hold)
    sending = asyncio.create_task(desk.answer(item.mobius_id))
    await asyncio.to_thread(hold.reached.wait)
    await sync_to_async(desk.give)("user_rina")
    hold.release()
    await sending
    assert (await Credential.objects.aget(reviewer__user__username="rina")).proven_at is None
    assert await Attempt.objects.exclude(state=Attempt.State.ANSWERED).acount() == 1
    assert await told() == ([], [])


async def test_without_a_mobius_id_it_is_kept_and_not_used(desk: LaterDesk) -> None:
    desk.server.on("GET", "/auth/cli-credentials$", Reply(404), always=True)
    rina = await sync_to_async(desk.person)("rina")
    await sync_to_async(member_tokens.assign)(rina, mobius_id=None)
    token = SecretStr(desk.project.tokens["user_rina"])
    await member_tokens.adopt(reviewer=rina, token=token)

    @sync_to_async
    def state() -> credentials.Token:
        return credentials.state_of(rina.user_id, Upstream.current())

    assert await state() is credentials.Token.UNOWNED
    await sync_to_async(member_tokens.assign)(rina, mobius_id="user_rina")
    assert await state() is credentials.Token.GOOD
    item = await sync_to_async(desk.ask)("user_rina")
    assert (await desk.answer(item.mobius_id)).kind is Kind.ANSWERED
    await sync_to_async(member_tokens.assign)(rina, mobius_id="user_mallory")
    assert await state() is credentials.Token.NONE
