import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from cryptography.fernet import Fernet
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pydantic import SecretStr

from inbox.audit import rights_log
from inbox.models import Credential, Decision, Reviewer
from inbox.people import accounts as people
from inbox.people import member_tokens, vault
from inbox.people.accounts import Person
from inbox.people.demo import make_demo
from inbox.people.member_tokens import NotAdopted, Reason, Unconfirmed
from tests.support.desk import Desk
from tests.support.scripted_server import Reply
from tests.upstream import GuideServer

ME = r"/members/me$"


async def fresh(desk: Desk, name: str = "rina") -> Reviewer:
    await Credential.objects.all().adelete()
    await Reviewer.objects.all().aupdate(mobius_id=None)
    return await sync_to_async(desk.person)(name)


async def why_not(reviewer: Reviewer, token: str) -> NotAdopted:
    with pytest.raises(NotAdopted) as refused:
        await member_tokens.adopt(reviewer=reviewer, token=SecretStr(token))
    return refused.value


async def without_a_token(desk: Desk, name: str = "rina") -> Reviewer:
    await Credential.objects.all().adelete()
    return await sync_to_async(desk.person)(name)


async def keep(reviewer: Reviewer, token: str) -> Credential:
    kept = await member_tokens.adopt(reviewer=reviewer, token=SecretStr(token))
    assert isinstance(kept, Credential)
    return kept


async def ask_whose(reviewer: Reviewer, token: str) -> Unconfirmed:
    asked = await member_tokens.adopt(reviewer=reviewer, token=SecretStr(token))
    assert isinstance(asked, Unconfirmed)
    return asked


@sync_to_async
def identities() -> dict[str, str | None]:
    rows = Reviewer.objects.filter(user__username__in=["rina", "sam"])
    return dict(rows.values_list("user__username", "mobius_id"))


@sync_to_async
def conflicts() -> list[dict[str, Any]]:
    rows = Decision.objects.filter(verb="identity_conflict").order_by("number")
    return [entry.value for entry in rows]


async def test_without_a_mobius_id_nothing_changes_until_the_owner_is_confirmed(desk: Desk) -> None:
    rina = await fresh(desk)
    token = desk.project.tokens["user_rina"]
    asked = await ask_whose(rina, f" {token}\n")
    assert asked.owner == "user_rina"
    assert token not in repr(asked) + asked.sealed
    assert not await Credential.objects.aexists()
    assert (await identities())["rina"] is None
    kept = await sync_to_async(member_tokens.confirm)(reviewer=rina, unconfirmed=asked)
    assert kept.proven_at is not None
    assert (await identities())["rina"] == "user_rina"
    verbs = Decision.objects.order_by("number").values_list("verb", flat=True)
    assert await sync_to_async(list)(verbs) == ["mobius_id_changed", "token_adopted"]


async def test_after_ten_minutes_the_token_has_to_be_pasted_again(desk: Desk) -> None:
    rina = await fresh(desk)
    asked = await ask_whose(rina, desk.project.tokens["user_rina"])
    assert asked.waits
    key = Fernet(desk.settings.CREDENTIAL_KEYS[0])
    token = desk.project.tokens["user_rina"].encode()
    late = key.encrypt_at_time(token, int(time.time()) - member_tokens.CONFIRM_WITHIN - 1)
    asked = Unconfirmed(asked.owner, late.decode())
    assert not asked.waits
    with pytest.raises(NotAdopted) as refused:
        await sync_to_async(member_tokens.confirm)(reviewer=rina, unconfirmed=asked)
    assert refused.value.reason is Reason.LATE
    assert not await Credential.objects.aexists()


async def test_the_second_of_two_who_confirm_the_same_owner_changes_nothing(desk: Desk) -> None:
    rina, sam = await fresh(desk), await sync_to_async(desk.person)("sam")
    token = desk.project.tokens["user_rina"]
    first, second = await ask_whose(rina, token), await ask_whose(sam, token)
    await sync_to_async(member_tokens.confirm)(reviewer=rina, unconfirmed=first)
    with pytest.raises(NotAdopted) as refused:
        await sync_to_async(member_tokens.confirm)(reviewer=sam, unconfirmed=second)
    assert refused.value.reason is Reason.TAKEN
    assert await identities() == {"rina": "user_rina", "sam": None}
    assert not await Credential.objects.filter(reviewer=sam).aexists()
    assert [found["account"] for found in await conflicts()] == ["sam"]


async def test_an_id_that_was_set_meanwhile_is_not_replaced_by_a_confirmation(desk: Desk) -> None:
    rina = await fresh(desk)
    asked = await ask_whose(rina, desk.project.tokens["user_rina"])
    await Reviewer.objects.filter(pk=rina.pk).aupdate(mobius_id="user_other")
    with pytest.raises(NotAdopted) as refused:
        await sync_to_async(member_tokens.confirm)(reviewer=rina, unconfirmed=asked)
    assert refused.value.reason is Reason.ANOTHER_OWNER
    assert (await identities())["rina"] == "user_other"


@pytest.mark.parametrize("others", ["user_sam", None])
async def test_another_owners_token_never_replaces_an_id_that_is_set(
    desk: Desk, others: str | None
) -> None:
    await Reviewer.objects.filter(user__username="sam").aupdate(mobius_id=others)
    rina = await sync_to_async(desk.person)("rina")
    before = bytes((await Credential.objects.aget(reviewer=rina)).sealed)
    for _ in range(2):
        refused = await why_not(rina, desk.project.tokens["user_sam"])
        assert refused.reason is Reason.ANOTHER_OWNER
        assert (refused.owner, refused.mobius_id) == ("user_sam", "user_rina")
    assert await identities() == {"rina": "user_rina", "sam": others}
    assert bytes((await Credential.objects.aget(reviewer=rina)).sealed) == before
    assert await conflicts() == [
        {
            "account": "rina",
            "mobius_id": "user_rina",
            "owner": "user_sam",
            "owner_account": "sam" if others else None,
        }
    ]


async def test_an_id_of_another_account_is_not_offered(desk: Desk) -> None:
    await Reviewer.objects.filter(user__username="rina").aupdate(mobius_id=None)
    rina = await without_a_token(desk)
    refused = await why_not(rina, desk.project.tokens["user_sam"])
    assert refused.reason is Reason.TAKEN
    assert await identities() == {"rina": None, "sam": "user_sam"}
    assert [found["owner_account"] for found in await conflicts()] == ["sam"]


async def test_only_its_ends_are_kept_in_clear(desk: Desk) -> None:
    rina = await without_a_token(desk)
    token = desk.project.tokens["user_rina"]
    kept = await keep(rina, token)
    assert (kept.prefix, kept.last_four) == (token[:8], token[-4:])
    assert token.encode() not in bytes(kept.sealed)
    assert token not in repr(kept) + str(kept)


async def test_the_project_behind_the_dot_is_not_taken_for_its_end(desk: Desk) -> None:
    rina = await without_a_token(desk)
    token = desk.project.tokens["user_rina"]
    kept = await keep(rina, f"{token}.{desk.project.handle}")
    assert kept.last_four == token[-4:]


async def test_a_new_token_takes_the_place_of_a_refused_one(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    await Credential.objects.filter(reviewer=rina).aupdate(refused_at="2026-01-01T00:00:00Z")
    await member_tokens.adopt(reviewer=rina, token=SecretStr(desk.project.tokens["user_rina"]))
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


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_mobius_that_cannot_say_takes_an_administrators_id_only(
    desk: Desk, status: int
) -> None:
    rina = await fresh(desk)
    missing = Reply(status, {"error": {"code": "not_found", "message": "no such path"}})
    desk.server.on("GET", ME, missing, always=True)
    assert (await why_not(rina, desk.project.tokens["user_rina"])).reason is Reason.UNPROVEN
    rina.mobius_id = "user_rina"
    await rina.asave()
    kept = await keep(rina, desk.project.tokens["user_rina"])
    assert kept.proven_at is None
    assert (await why_not(rina, "mbc_nobody")).reason is Reason.UNKNOWN


async def test_a_token_without_a_known_owner_is_tried_only_on_the_pending_list(
    db: None, settings: Any, guide_server: GuideServer
) -> None:
    mobius = guide_server
    settings.MOBIUS_BASE_URL, settings.MOBIUS_API_KEY = mobius.base_url, mobius.key
    settings.MOBIUS_PROJECT = "demo"
    await sync_to_async(make_demo)(tokens={})
    rina = await Reviewer.objects.select_related("user").aget(user__username="rina")
    kept = await keep(rina, mobius.state.token_of("user_rina"))
    assert kept.proven_at is None


async def test_the_installations_own_key_is_no_ones_token(desk: Desk, settings: Any) -> None:
    rina = await fresh(desk)
    settings.MOBIUS_API_KEY = "plain-key"
    for pasted in ("plain-key", "plain-key.demo"):
        assert (await why_not(rina, pasted)).reason is Reason.SERVICE_KEY


def confirm_rina(rina: Reviewer) -> None:
    sealed = vault.seal("mbc_0123456789abcdef0123").decode()
    member_tokens.confirm(reviewer=rina, unconfirmed=Unconfirmed("user_rina", sealed))


CHANGES: dict[str, Callable[[Reviewer], Any]] = {
    "assign": lambda rina: member_tokens.assign(rina, mobius_id="user_other"),
    "take away": lambda rina: member_tokens.revoke([rina]),
    "remove": lambda rina: member_tokens.remove(reviewer=rina),
    "confirm": confirm_rina,
    "conflict": lambda rina: rights_log.enter_conflict(rina, "user_other"),
    "set the Mobius ID": lambda rina: people.set_mobius_id(rina.user, "user_other"),
    "update": lambda _: people.add(Person("rina", "user_other"), update=True),
    "add": lambda _: people.add(Person("nina", "user_nina")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_upstream_is_held_before_anything_else(db: None, change: str) -> None:
    make_demo(tokens={"user_rina": "mbc_0123456789abcdef0123"})
    rina = Reviewer.objects.select_related("user").get(user__username="rina")
    with CaptureQueriesContext(connection) as queries:
        CHANGES[change](rina)
    opening = ("SAVEPOINT", "BEGIN")
    sent = [one["sql"] for one in queries if not one["sql"].startswith(opening)]
    assert all('FROM "inbox_upstream"' in sql for sql in sent[:2])
    assert sent[1].endswith("FOR UPDATE") == connection.features.has_select_for_update


async def test_removing_the_token_keeps_the_mobius_id(desk: Desk) -> None:
    rina = await sync_to_async(desk.person)("rina")
    await sync_to_async(member_tokens.remove)(reviewer=rina)
    assert not await Credential.objects.filter(reviewer=rina).aexists()
    assert (await Reviewer.objects.aget(pk=rina.pk)).mobius_id == "user_rina"
