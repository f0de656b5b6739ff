import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from pydantic import SecretStr

from inbox.access import viewer_of
from inbox.answering import attempts as steps
from inbox.answering import claiming
from inbox.answering.answer_command import AnswerCommand
from inbox.answering.held import send
from inbox.answering.outcome import Kind, Outcome
from inbox.answering.respond import respond, settle_open
from inbox.mirror import capabilities
from inbox.mobius.probing import probe
from inbox.models import Attempt, Credential, Decision, Interaction, Reviewer, Upstream
from inbox.models.answers import answers_to
from inbox.people import clients, key_answers, member_tokens, service_key
from inbox.people.clients import credential_for, current_client, service_client
from tests.support.desk import attempts, decisions, drafts
from tests.support.guide_desk import GuideDesk
from tests.support.snapshots import APPROVED
from tests.upstream import GuideServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(settings: Any, guide_server: GuideServer, patience: None) -> GuideDesk:
    settings.SERVICE_KEY_ANSWERS = "auto"
    return GuideDesk(guide_server, settings, tokens=False)


async def answer(desk: GuideDesk, item: Interaction, *, who: str = "rina", **more: Any) -> Outcome:
    reviewer = await sync_to_async(desk.person)(who)
    given = {"value": True, "comment": "Go", "operation_id": "op1", **more}
    answers = answers_to(item.only_question, given.pop("value"))
    return await respond(reviewer=reviewer, interaction_id=item.mobius_id, answers=answers, **given)


async def look_at_offers() -> None:
    upstream = await sync_to_async(Upstream.current)()
    found = await probe(service_client(upstream), capabilities.load(upstream))
    await sync_to_async(capabilities.store)(upstream, found)


async def mode() -> bool:
    return service_key.answers(await sync_to_async(Upstream.current)())


async def modes_logged() -> list[tuple[str, str]]:
    rows = Decision.objects.filter(verb=key_answers.VERB).order_by("number")
    return [(row.value["before"], row.value["after"]) async for row in rows]


async def test_it_is_off_until_mobius_is_known_to_lack_the_call(desk: GuideDesk) -> None:
    item = await sync_to_async(desk.ask)()
    assert (await answer(desk, item)).kind is Kind.NO_CREDENTIAL
    await look_at_offers()
    assert (await answer(desk, item)).kind is Kind.ANSWERED
    answered = (await decisions())[-1]
    assert (answered.account, answered.credential_kind) == ("rina", "service")
    assert await modes_logged() == [("off", "on")]


async def test_auto_is_on_if_the_call_is_missing(desk: GuideDesk) -> None:
    desk.server.offers.refuses["me"] = 404
    await look_at_offers()
    assert await mode()


async def test_auto_is_off_in_later_generations(desk: GuideDesk) -> None:
    await look_at_offers()
    await Upstream.objects.aupdate(generation="c")
    upstream = await Upstream.objects.aget()
    assert not service_key.answers(upstream)
    assert key_answers.mode(upstream).why is key_answers.Why.LATER


@pytest.mark.parametrize(("before", "status"), [(True, 401), (True, 500), (False, 500)])
async def test_auto_keeps_the_last_result_while_it_is_unknown(
    desk: GuideDesk, before: bool, status: int
) -> None:
    if before:
        await look_at_offers()
    desk.server.offers.refuses["me"] = status
    await look_at_offers()
    assert await mode() is before


@pytest.mark.parametrize("status", [None, 403])
async def test_auto_is_off_where_mobius_can_tell(desk: GuideDesk, status: int | None) -> None:
    await look_at_offers()
    assert await mode()
    desk.server.offers.more.add("me")
    if status is not None:
        desk.server.offers.refuses["me"] = status
    await look_at_offers()
    assert not await mode()


async def test_a_missing_call_beside_a_refused_list_says_nothing(desk: GuideDesk) -> None:
    desk.server.offers.refuses["interactions"] = 400
    await look_at_offers()
    assert not await mode()


async def test_a_mobius_that_has_proven_a_token_stays_off_until_it_is_set_on(
    desk: GuideDesk,
) -> None:
    desk.server.offers.more.add("me")
    rina = await sync_to_async(desk.person)("rina")
    token = SecretStr(desk.server.state.token_of("user_rina"))
    await member_tokens.adopt(reviewer=rina, token=token)
    await sync_to_async(member_tokens.remove)(reviewer=rina)
    desk.server.offers.more.clear()
    await look_at_offers()
    assert not await mode()
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    assert await mode()


@pytest.mark.parametrize("mobius_id", ["user_sam", None])
async def test_a_token_that_is_not_kept_proves_it_too(
    desk: GuideDesk, mobius_id: str | None
) -> None:
    await look_at_offers()
    await sync_to_async(key_answers.record)()
    desk.server.offers.more.add("me")
    await Reviewer.objects.filter(mobius_id="user_sam").aupdate(mobius_id=None)
    rina = await sync_to_async(desk.person)("rina")
    rina.mobius_id = mobius_id
    await rina.asave()
    token = SecretStr(desk.server.state.token_of("user_rina"))
    with suppress(member_tokens.NotAdopted):
        await member_tokens.adopt(reviewer=rina, token=token)
    assert not await Credential.objects.aexists()
    assert not await mode()
    assert await modes_logged() == [("off", "on"), ("on", "off")]


async def test_a_change_of_the_mode_is_logged_once(desk: GuideDesk) -> None:
    record = sync_to_async(key_answers.record)
    await record()
    assert await modes_logged() == []
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    await record()
    await record()
    desk.settings.SERVICE_KEY_ANSWERS = "off"
    await record()
    assert await modes_logged() == [("off", "on"), ("on", "off")]


@pytest.fixture
def on(desk: GuideDesk) -> GuideDesk:
    desk.settings.SERVICE_KEY_ANSWERS = "on"
    return desk


async def test_it_answers_for_the_first_of_a_group(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    assert (await answer(on, item, who="sam")).kind is Kind.ANSWERED


async def test_questions_that_all_must_answer_need_member_tokens(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers", require_all=True)
    outcome = await answer(on, item)
    assert outcome.kind is Kind.NO_CREDENTIAL
    assert on.server.requests("respond") == []


@pytest.mark.parametrize("stored", ["refused", "unreadable"])
async def test_a_stored_token_is_never_passed_over(on: GuideDesk, stored: str) -> None:
    item = await sync_to_async(on.ask)()
    rina = await sync_to_async(on.person)("rina")
    on.server.offers.refuses = {}
    await member_tokens.adopt(reviewer=rina, token=SecretStr(on.server.state.token_of("user_rina")))
    if stored == "refused":
        on.server.state.people.clear()
        assert (await answer(on, item)).kind is Kind.TOKEN_REFUSED
    else:
        await Credential.objects.aupdate(sealed=b"sealed under another key")
        assert (await answer(on, item)).kind is Kind.NO_CREDENTIAL
    assert {one.headers["authorization"] for one in on.server.requests("respond")} <= {
        "Bearer mbc_user_rina"
    }


async def test_the_key_does_not_answer_for_an_id_that_no_administrator_has_set(
    on: GuideDesk,
) -> None:
    item = await sync_to_async(on.ask)()
    await Reviewer.objects.filter(mobius_id="user_rina").aupdate(mobius_id_proven=True)
    assert (await answer(on, item)).kind is Kind.NO_CREDENTIAL
    rina = await sync_to_async(on.person)("rina")
    await sync_to_async(member_tokens.assign)(rina, mobius_id="user_rina")
    assert (await answer(on, item)).kind is Kind.ANSWERED


async def test_the_key_answers_for_one_person_at_a_time_and_a_colleague_sees_who(
    on: GuideDesk,
) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    rina = await sync_to_async(on.person)("rina")
    hers = steps.Submission(rina, item.mobius_id, APPROVED, "", "op1")
    await sync_to_async(steps.begin)(hers, item, clients.RequestCredential("service"))
    outcome = await answer(on, item, who="sam", value=False)
    assert (outcome.kind, outcome.underway.name) == (Kind.PROCESSING, "Rina")
    assert outcome.underway.accepted_at is None
    assert on.server.requests("respond") == []
    assert (["false"], "Go") in await drafts()


async def test_two_at_once_are_one_answer(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    outcomes = await asyncio.gather(answer(on, item), answer(on, item, who="sam"))
    assert [one.kind for one in outcomes].count(Kind.ANSWERED) == 1
    assert len(on.server.requests("respond")) == 1


async def test_the_first_of_two_held_answers_is_sent(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    for who in ("rina", "sam"):
        outcome = await answer(on, item, who=who, hold_for=timedelta(seconds=5))
        assert outcome.kind is Kind.WAITING
    rows = Attempt.objects.select_related("reviewer__user", "upstream").order_by("pk")
    await asyncio.gather(*[send(attempt) async for attempt in rows])
    assert len(on.server.requests("respond")) == 1
    assert await attempts() == [("answered", "respond"), ("refused", "not_sent")]
    answered = (await decisions())[-1]
    assert (answered.account, answered.credential_kind) == ("rina", "service")


async def test_a_403_concerns_that_question_and_person_only(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    on.server.offers.refuses["respond"] = 403
    outcome = await answer(on, item)
    assert (outcome.kind, outcome.status) == (Kind.KEY_REFUSED, 403)
    assert await drafts() == [(["true"], "Go")]
    on.server.offers.refuses.clear()
    assert (await answer(on, item, who="sam", operation_id="op2")).kind is Kind.ANSWERED


async def test_after_a_401_the_key_is_tried_again_a_minute_later(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)()
    on.server.offers.refuses["respond"] = 401
    assert (await answer(on, item)).kind is Kind.KEY_REFUSED
    on.server.offers.refuses.clear()
    assert (await answer(on, item)).kind is Kind.KEY_REFUSED
    assert len(on.server.requests("respond")) == 1
    assert (await answer(on, item, hold_for=timedelta(seconds=5))).kind is Kind.KEY_REFUSED
    assert await drafts() == [(["true"], "Go")]
    await Upstream.objects.aupdate(key_refused_at=timezone.now() - service_key.PAUSE)
    assert (await answer(on, item)).kind is Kind.ANSWERED


@pytest.mark.parametrize("responder", ["person", "key", "group", "none"])
@pytest.mark.parametrize(("to", "lost"), [("user_rina", False), ("group:approvers", True)])
async def test_the_answer_is_the_persons_whoever_is_named(
    on: GuideDesk, responder: Any, to: str, lost: bool
) -> None:
    on.server.offers.responder = responder
    item = await sync_to_async(on.ask)(to=to)
    if lost:
        on.server.offers.respond_status = 504
    assert (await answer(on, item)).kind is Kind.ANSWERED
    await is_rinas(on, item)


@pytest.mark.parametrize("responder", ["key", "group", "none"])
@pytest.mark.parametrize(
    ("principal", "spec", "value"),
    [
        ("svc_installation", {"mode": "confirm"}, True),
        ("user_lee", {"mode": "input"}, " Two days "),
    ],
)
async def test_in_whatever_form_it_is_kept_the_answer_is_the_persons(
    on: GuideDesk, responder: Any, principal: str, spec: Any, value: Any
) -> None:
    on.server.offers.responder, on.server.offers.principal = responder, principal
    on.server.offers.own_form = True
    item = await sync_to_async(on.ask)(to="group:approvers", spec=spec)
    assert (await answer(on, item, value=value, comment="Go \n")).kind is Kind.ANSWERED
    await is_rinas(on, item)


async def test_a_different_answer_under_another_name_is_someone_elses(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(to="group:approvers")
    on.server.offers.processes = False
    on.server.offers.respond_status, on.server.offers.respond_body = 202, "unchanged"
    assert (await answer(on, item)).kind is Kind.RECEIVED
    on.server.offers.processes, on.server.offers.responder = True, "key"
    on.server.offers.principal = "user_boss"
    await sync_to_async(on.server.state.respond)(item.mobius_id, {"value": False}, on.server.key)
    await sync_to_async(on.read)(item.mobius_id)
    row = await Interaction.objects.aget(mobius_id=item.mobius_id)
    assert [one["user_id"] for one in row.responses] == ["user_boss"]


async def is_rinas(on: GuideDesk, item: Interaction) -> None:
    """Check the page and the log."""
    await sync_to_async(on.read)(item.mobius_id)
    await settle_open()
    row = await Interaction.objects.aget(mobius_id=item.mobius_id)
    assert [one["user_id"] for one in row.responses] == ["user_rina"]
    assert row.responder_id == "user_rina"
    assert await attempts() == [("answered", "respond")]
    entries = [one async for one in Decision.objects.filter(verb="respond")]
    assert [(one.account, one.observed) for one in entries] == [("rina", False)]


async def test_claiming_needs_a_member_token(on: GuideDesk) -> None:
    item = await sync_to_async(on.ask)(
        to="group:approvers", routing_policy_snapshot="first_responder"
    )
    rina = await sync_to_async(on.person)("rina")
    outcome = await claiming.claim(reviewer=rina, interaction_id=item.mobius_id)
    assert outcome.kind in (Kind.NO_CREDENTIAL, Kind.NO_CLAIMS)
    assert on.server.requests("claim") == []


@pytest.mark.parametrize("responder", ["person", "key", "group", "none"])
@pytest.mark.parametrize(
    ("principal", "own_form", "shown"),
    [
        ("svc_installation", False, True),
        ("svc_installation", True, False),
        ("user_lee", False, False),
        ("user_lee", True, True),
    ],
)
async def test_the_sync_may_read_it_before_the_response_comes(
    on: GuideDesk, responder: Any, principal: str, own_form: bool, shown: bool
) -> None:
    on.server.offers.responder, on.server.offers.principal = responder, principal
    on.server.offers.own_form = own_form
    item = await sync_to_async(on.ask)(to="group:approvers")
    command = await sync_to_async(sent)(on, item)
    body = {"value": True, "comment": "Go"}
    await sync_to_async(on.server.state.respond)(item.mobius_id, body, on.server.key)
    await sync_to_async(on.read)(item.mobius_id)
    interaction = await (await current_client()).interaction(item.mobius_id)
    settle = command.on_accepted if shown else command.on_recheck
    outcome = await sync_to_async(settle)(interaction)
    assert outcome.kind is Kind.ANSWERED
    await is_rinas(on, item)


def sent(on: GuideDesk, item: Interaction) -> AnswerCommand:
    rina = on.person("rina")
    credential = credential_for(rina, item)
    attempt = steps.begin(
        steps.Submission(rina, item.mobius_id, APPROVED, "Go", "op1"), item, credential
    )
    return AnswerCommand(attempt, viewer_of(rina.user), item, credential)
