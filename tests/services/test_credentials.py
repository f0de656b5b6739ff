"""A member token: proven by Mobius, kept, replaced, removed."""

import pytest
from asgiref.sync import sync_to_async
from pydantic import SecretStr

from inbox.models import Credential, Reviewer
from inbox.services import credentials
from inbox.services.credentials import NotAdopted, Reason
from tests.support.desk import Desk
from tests.support.scripted_server import Reply

ME = r"/members/me$"


async def fresh(desk: Desk, name: str = "rina") -> Reviewer:
    """Somebody whom Mobius does not know yet."""
    await Credential.objects.all().adelete()
    await Reviewer.objects.all().aupdate(mobius_id=None)
    return await sync_to_async(desk.person)(name)


async def why_not(reviewer: Reviewer, token: str) -> NotAdopted:
    with pytest.raises(NotAdopted) as refused:
        await credentials.adopt(reviewer=reviewer, token=SecretStr(token))
    return refused.value


async def test_whose_the_token_is_decides_the_mobius_id(desk: Desk) -> None:
    rina = await fresh(desk)
    kept = await credentials.adopt(
        reviewer=rina, token=SecretStr(f" {desk.project.tokens['user_rina']}\n")
    )
    assert (await Reviewer.objects.aget(pk=rina.pk)).mobius_id == "user_rina"
    assert kept.proven_at is not None


async def test_only_its_ends_are_kept_in_clear(desk: Desk) -> None:
    rina = await fresh(desk)
    token = desk.project.tokens["user_rina"]
    kept = await credentials.adopt(reviewer=rina, token=SecretStr(token))
    assert (kept.prefix, kept.last_four) == (token[:8], token[-4:])
    assert token.encode() not in bytes(kept.sealed)
    assert token not in repr(kept) + str(kept)


async def test_the_project_behind_the_dot_is_not_taken_for_its_end(desk: Desk) -> None:
    rina = await fresh(desk)
    token = desk.project.tokens["user_rina"]
    kept = await credentials.adopt(reviewer=rina, token=SecretStr(f"{token}.{desk.project.handle}"))
    assert kept.last_four == token[-4:]


async def test_somebody_elses_token_is_refused_and_the_present_one_stays(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    before = await Credential.objects.aget(reviewer=rina)
    refused = await why_not(rina, desk.project.tokens["user_sam"])
    assert (refused.reason, "user_sam" in str(refused)) == (Reason.TAKEN, True)
    after = await Credential.objects.aget(reviewer=rina)
    assert bytes(after.sealed) == bytes(before.sealed)
    assert (await Reviewer.objects.aget(pk=rina.pk)).mobius_id == "user_rina"


async def test_a_new_token_takes_the_place_of_a_refused_one(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    await Credential.objects.filter(reviewer=rina).aupdate(refused_at="2026-01-01T00:00:00Z")
    await credentials.adopt(reviewer=rina, token=SecretStr(desk.project.tokens["user_rina"]))
    assert (await Credential.objects.aget(reviewer=rina)).refused_at is None


async def test_a_service_key_is_refused_without_being_sent(desk: Desk) -> None:
    rina = await fresh(desk)
    refused = await why_not(rina, desk.project.service_key)
    assert refused.reason is Reason.SERVICE_KEY
    assert desk.server.seen("GET", ME) == []


@pytest.mark.parametrize("token", ["mbc_nobody", "with spaces in it", "größer"])
async def test_an_unknown_token_is_refused(desk: Desk, token: str) -> None:
    rina = await fresh(desk)
    assert (await why_not(rina, token)).reason is Reason.UNKNOWN


async def test_a_token_of_another_project_is_refused(desk: Desk) -> None:
    rina = await fresh(desk)
    refused = await why_not(rina, f"{desk.project.tokens['user_rina']}.elsewhere")
    assert refused.reason is Reason.OTHER_PROJECT


async def test_without_mobius_nothing_is_saved(desk: Desk) -> None:
    rina = await fresh(desk)
    desk.server.refuse()
    assert (await why_not(rina, desk.project.tokens["user_rina"])).reason is Reason.UNREACHABLE
    assert not await Credential.objects.aexists()


async def test_a_mobius_that_cannot_say_takes_an_administrators_id_only(desk: Desk) -> None:
    rina = await fresh(desk)
    missing = Reply(404, {"error": {"code": "not_found", "message": "no such path"}})
    desk.server.on("GET", ME, missing, always=True)
    assert (await why_not(rina, desk.project.tokens["user_rina"])).reason is Reason.UNPROVEN
    rina.mobius_id = "user_rina"
    await rina.asave()
    kept = await credentials.adopt(reviewer=rina, token=SecretStr(desk.project.tokens["user_rina"]))
    assert kept.proven_at is None
    assert (await why_not(rina, "mbc_nobody")).reason is Reason.UNKNOWN


async def test_removed_it_is_gone_and_the_id_stays(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    await credentials.remove(reviewer=rina)
    assert not await Credential.objects.filter(reviewer=rina).aexists()
    assert (await Reviewer.objects.aget(pk=rina.pk)).mobius_id == "user_rina"
