"""Signing in at Mobius by device flow, and revoking what came of it."""

import asyncio
import re
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.answering.deactivation import deactivate
from inbox.mirror import capabilities
from inbox.mobius.types import Offer
from inbox.models import Credential, Decision, DeviceSignIn, Reviewer, TokenRevocation, Upstream
from inbox.people import device_sign_ins, member_tokens, vault
from inbox.upstream import device_sign_in, token_revocations
from inbox.upstream.device_sign_in import NotStarted, Reason
from tests.support.desk import Desk
from tests.support.scripted_server import CutBeforeRead, Hold, Reply

State = DeviceSignIn.State
CODE, TOKEN, REVOKE = r"/device/code$", r"/device/token$", r"/auth/cli-credentials/"
OWNER = r"/auth/cli-credentials$"


@pytest.fixture
def desk(later_desk: Desk) -> Desk:
    Credential.objects.all().delete()
    return later_desk


async def started(desk: Desk, name: str = "rina") -> Reviewer:
    reviewer = await sync_to_async(desk.person)(name)
    await device_sign_in.start(reviewer, await sync_to_async(Upstream.current)())
    return reviewer


def row() -> DeviceSignIn:
    return DeviceSignIn.objects.select_related("reviewer__user", "upstream").get()


@sync_to_async
def approve(desk: Desk, who: str = "user_rina", decision: str = "approve") -> None:
    link = row().link
    option = re.search(rf'value="(\d+)">[^<]*\({who}\)', httpx.get(link).text)
    assert option is not None
    form = {"code": row().user_code, "person": option[1], "decision": decision}
    httpx.post(link.partition("?")[0], data=form).raise_for_status()


@sync_to_async
def let_pass(seconds: float) -> None:
    """As if the sign-in and the revocations had been stored earlier."""
    earlier = timedelta(seconds=seconds)
    for sign_in in DeviceSignIn.objects.all():
        sign_in.expires_at -= earlier
        sign_in.next_at = sign_in.next_at and sign_in.next_at - earlier
        sign_in.save()
    for revocation in TokenRevocation.objects.filter(next_at__isnull=False):
        revocation.created_at -= earlier
        revocation.next_at = revocation.next_at and revocation.next_at - earlier
        revocation.save()


async def poll(*, after: float = 60) -> DeviceSignIn | None:
    """The sign-in as it is once the leader has looked at it."""
    await let_pass(after)
    await device_sign_in.poll_due()
    return await DeviceSignIn.objects.select_related("reviewer", "upstream").afirst()


async def credential() -> Credential | None:
    return await Credential.objects.select_related("reviewer").afirst()


def works(desk: Desk, sealed: bytes | memoryview) -> bool:
    token = vault.unseal(sealed)
    return desk.project.with_token(token).get("interactions").status_code == 200


async def signed_in(desk: Desk, name: str = "rina") -> Reviewer:
    reviewer = await started(desk, name)
    await approve(desk, f"user_{name}")
    assert await poll() is None
    return reviewer


async def test_an_approved_sign_in_stores_the_persons_token(desk: Desk) -> None:
    await started(desk)
    sign_in = await DeviceSignIn.objects.aget()
    code = parse_qs(desk.server.seen("POST", CODE)[0].body.decode())
    assert code["mobius_requested_project_handle"] == [desk.project.handle]
    assert "authorization" not in desk.server.seen("POST", CODE)[0].headers
    assert sign_in.link.endswith(f"/device?code={sign_in.user_code}")
    waiting = await poll()
    assert waiting is not None
    assert waiting.state == State.PENDING
    await approve(desk)
    assert await poll() is None
    stored = await credential()
    assert stored is not None
    assert vault.unseal(stored.sealed).endswith(f".{desk.project.handle}")
    assert (stored.reviewer.mobius_id, stored.proven_at is not None) == ("user_rina", True)
    assert await sync_to_async(works)(desk, stored.sealed)
    verbs = Decision.objects.order_by("number").values_list("verb", "account")
    assert await sync_to_async(list)(verbs) == [("token_adopted", "rina")]
    offered = await sync_to_async(lambda: capabilities.load(Upstream.current()))()
    assert offered.device_sign_in is Offer.YES


async def test_a_stored_code_is_encrypted(desk: Desk) -> None:
    await started(desk)
    sign_in = await DeviceSignIn.objects.aget()
    await poll()
    asked = parse_qs(desk.server.seen("POST", TOKEN)[0].body.decode())
    [code] = asked["device_code"]
    assert code.encode() not in bytes(sign_in.sealed)
    assert vault.unseal(sign_in.sealed) == code


async def test_slow_down_makes_the_interval_longer_and_so_does_silence(desk: Desk) -> None:
    await started(desk)
    desk.server.on("POST", TOKEN, Reply(400, {"error": "slow_down"}))
    desk.server.on("POST", TOKEN, CutBeforeRead())
    for interval in (6, 11):
        before = timezone.now()
        sign_in = await poll()
        assert sign_in is not None
        assert sign_in.next_at is not None
        assert (sign_in.state, sign_in.interval) == (State.PENDING, interval)
        assert sign_in.next_at >= before + timedelta(seconds=interval)
        pause = await device_sign_in.poll_due()
        assert pause is not None
        assert interval - 5 < pause <= interval
    assert len(desk.server.seen("POST", TOKEN)) == 2


@pytest.mark.parametrize(
    ("reply", "state", "message"),
    [
        (Reply(400, {"error": "access_denied"}), State.DENIED, ""),
        (Reply(400, {"error": "expired_token"}), State.EXPIRED, ""),
        (
            Reply(400, {"error": "invalid_grant", "error_description": "Unknown code."}),
            State.FAILED,
            "Unknown code.",
        ),
        (Reply(404), State.FAILED, ""),
        (Reply(200, {"token_type": "Bearer"}), State.FAILED, ""),
    ],
)
async def test_a_refusal_ends_it(desk: Desk, reply: Reply, state: str, message: str) -> None:
    await started(desk)
    desk.server.on("POST", TOKEN, reply)
    ended = await poll()
    assert ended is not None
    assert (ended.state, ended.message, ended.next_at) == (state, message, None)
    assert bytes(ended.sealed) == b""
    await poll()
    assert len(desk.server.seen("POST", TOKEN)) == 1


async def test_a_person_denies_it(desk: Desk) -> None:
    await started(desk)
    await approve(desk, decision="deny")
    denied = await poll()
    assert denied is not None
    assert denied.state == State.DENIED


async def test_it_expires_without_another_request(desk: Desk) -> None:
    await started(desk)
    expired = await poll(after=601)
    assert expired is not None
    assert expired.state == State.EXPIRED
    assert not desk.server.seen("POST", TOKEN)


async def test_after_a_404_it_is_no_longer_offered_by_this_upstream(desk: Desk) -> None:
    desk.server.on("POST", CODE, Reply(404), always=True)
    for _ in range(2):
        with pytest.raises(NotStarted) as refused:
            await started(desk)
        assert refused.value.reason is Reason.NOT_OFFERED
    assert len(desk.server.seen("POST", CODE)) == 1
    upstream = await sync_to_async(Upstream.current)()
    probed = capabilities.Capabilities()
    await sync_to_async(capabilities.store)(upstream, probed)
    assert not device_sign_in.is_offered(upstream)
    desk.settings.MOBIUS_IDENTITY = "https://mobius.example"
    assert device_sign_in.is_offered(await sync_to_async(Upstream.current)())


async def test_other_failures_start_nothing_and_hide_nothing(desk: Desk) -> None:
    unsafe = {"device_code": "d", "user_code": "u", "verification_uri": "http://mobius.example/"}
    for reply, reason in (
        (Reply(503), Reason.FAILED),
        (Reply(429), Reason.BUSY),
        (Reply(200, unsafe), Reason.FAILED),
    ):
        desk.server.on("POST", CODE, reply)
        with pytest.raises(NotStarted) as refused:
            await started(desk)
        assert refused.value.reason is reason
    assert not await DeviceSignIn.objects.aexists()
    await started(desk)


async def test_a_token_for_another_project_is_refused_and_revoked(desk: Desk) -> None:
    await started(desk)
    issued = {"access_token": "mbc_x", "credential_id": "cred_9"}
    pinned = {"project_id": "7", "project_handle": "elsewhere"}
    desk.server.on("POST", TOKEN, Reply(200, issued | pinned))
    desk.server.on("DELETE", REVOKE, Reply(204))
    refused = await poll()
    assert refused is not None
    assert (refused.state, refused.reason) == (State.NOT_ADOPTED, "other_project")
    assert await credential() is None
    await token_revocations.send_due()
    [sent] = desk.server.seen("DELETE", REVOKE)
    assert sent.path == "/v1/auth/cli-credentials/cred_9"
    assert sent.headers["authorization"] == "Bearer mbc_x.elsewhere"


async def test_a_token_of_somebody_else_is_refused_and_revoked(desk: Desk) -> None:
    await started(desk)
    await approve(desk, "user_sam")
    refused = await poll()
    assert refused is not None
    assert (refused.state, refused.reason) == (State.NOT_ADOPTED, "another_owner")
    assert refused.owner == "user_sam"
    verbs = Decision.objects.values_list("verb", flat=True)
    assert await sync_to_async(list)(verbs) == ["identity_conflict"]
    sealed = (await TokenRevocation.objects.aget()).sealed
    await token_revocations.send_due()
    assert not await TokenRevocation.objects.aexists()
    assert not await sync_to_async(works)(desk, sealed)


async def test_without_a_mobius_id_the_person_confirms_whose_it_is(desk: Desk) -> None:
    await Reviewer.objects.filter(user__username="rina").aupdate(mobius_id=None)
    for confirmed in (False, True):
        reviewer = await started(desk)
        await approve(desk)
        asked = await poll()
        assert asked is not None
        assert (asked.state, asked.owner) == (State.UNCONFIRMED, "user_rina")
        if confirmed:
            confirm = sync_to_async(device_sign_ins.confirm)
            assert await confirm(reviewer=reviewer, upstream=asked.upstream)
        else:
            late = await poll(after=member_tokens.CONFIRM_WITHIN + 1)
            assert late is not None
            assert (late.state, late.reason) == (State.NOT_ADOPTED, "late")
            assert await TokenRevocation.objects.acount() == 1
    stored = await credential()
    assert stored is not None
    assert (stored.reviewer.mobius_id, stored.credential_id != "") == ("user_rina", True)
    assert not await DeviceSignIn.objects.aexists()


async def test_a_token_is_checked_later_if_mobius_cant_say_whose_it_is_now(desk: Desk) -> None:
    await started(desk)
    await approve(desk)
    desk.server.on("GET", OWNER, *[Reply(503)] * 10)
    received = await poll()
    assert received is not None
    assert received.state == State.RECEIVED
    desk.server.forget()
    assert await poll() is None
    assert await credential() is not None
    assert len(desk.server.seen("POST", TOKEN)) == 1


async def test_a_token_that_arrives_after_cancel_is_revoked(desk: Desk) -> None:
    reviewer = await started(desk)
    await approve(desk)
    issued = {"access_token": "mbc_late", "credential_id": "cred_9"}
    held = Hold(Reply(200, issued))
    desk.server.on("POST", TOKEN, held)
    polling = asyncio.create_task(poll())
    await asyncio.to_thread(held.reached.wait, 60)
    await sync_to_async(device_sign_ins.discard)(reviewer)
    held.release()
    assert await polling is None
    assert await credential() is None
    assert (await TokenRevocation.objects.aget()).credential_id == "cred_9"


async def test_another_leader_goes_on_where_one_was_stopped(desk: Desk) -> None:
    await started(desk)
    await approve(desk)
    await let_pass(60)
    held = Hold(Reply(200))
    desk.server.on("POST", TOKEN, held)
    first = asyncio.create_task(device_sign_in.polling.run())
    await asyncio.to_thread(held.reached.wait, 60)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert await device_sign_in.poll_due() is None
    assert await credential() is not None


async def test_removing_replacing_and_deactivating_revoke_the_token(desk: Desk) -> None:
    for take_away in (
        lambda reviewer: sync_to_async(member_tokens.remove)(reviewer=reviewer),
        lambda reviewer: signed_in(desk),
        lambda reviewer: deactivate(reviewer=reviewer),
    ):
        reviewer = await signed_in(desk)
        stored = await credential()
        assert stored is not None
        await take_away(reviewer)
        assert (await TokenRevocation.objects.aget()).credential_id == stored.credential_id
        await token_revocations.send_due()
        assert not await TokenRevocation.objects.aexists()
        assert not await sync_to_async(works)(desk, stored.sealed)
        await Credential.objects.all().adelete()


async def test_a_pasted_token_is_only_removed(desk: Desk) -> None:
    reviewer = await sync_to_async(desk.person)("rina")
    token = member_tokens.SecretStr(desk.project.tokens["user_rina"])
    await member_tokens.adopt(reviewer=reviewer, token=token)
    await sync_to_async(member_tokens.remove)(reviewer=reviewer)
    assert not await TokenRevocation.objects.aexists()


async def test_a_revocation_is_tried_for_a_day(desk: Desk) -> None:
    reviewer = await signed_in(desk)
    await sync_to_async(member_tokens.remove)(reviewer=reviewer)
    desk.server.on("DELETE", REVOKE, Reply(503), always=True)
    pauses = []
    while True:
        pause = await token_revocations.send_due()
        if pause is None:
            break
        pauses.append(round(pause))
        await let_pass(pause)
    # Less what the tries themselves took.
    assert pauses[:7] == pytest.approx([60, 120, 240, 480, 960, 1920, 3600], rel=0.1)
    assert 23 * 3600 < sum(pauses) <= 24 * 3600
    failed = await TokenRevocation.objects.aget()
    assert (failed.name, bytes(failed.sealed)) == ("rina", b"")
    assert failed.failed_at is not None
    assert await token_revocations.send_due() is None


@pytest.mark.parametrize("works", [True, False])
async def test_a_404_counts_as_revoked_only_if_the_token_no_longer_works(
    desk: Desk, works: bool
) -> None:
    reviewer = await signed_in(desk)
    stored = await credential()
    assert stored is not None
    await sync_to_async(member_tokens.remove)(reviewer=reviewer)
    if not works:
        desk.project.engine.revoke(vault.unseal(stored.sealed))
    desk.server.on("DELETE", REVOKE, Reply(404))
    await token_revocations.send_due()
    assert await TokenRevocation.objects.filter(tries=1).aexists() == works


async def test_a_deactivated_persons_sign_in_is_discarded(desk: Desk) -> None:
    reviewer = await started(desk)
    await approve(desk)
    await deactivate(reviewer=reviewer)
    assert await poll() is None
    assert not desk.server.seen("POST", TOKEN)
