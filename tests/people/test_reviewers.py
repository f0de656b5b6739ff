import asyncio
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group, User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import IntegrityError
from pydantic import SecretStr

from inbox.models import Credential, Reviewer, Upstream
from inbox.people import clients, credentials, vault
from inbox.people.credentials import AnotherOwner
from inbox.people.demo import demo_accounts, make_demo
from inbox.people.member_tokens import assign

TOKEN = "mbc_0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def rina(db: None) -> Reviewer:
    make_demo(tokens={})
    return Reviewer.objects.get(user__username="rina")


def test_every_account_has_a_place_in_mobius(db: None) -> None:
    user = User.objects.create_user("mallory")
    assert user.reviewer.mobius_id is None
    user.first_name = "Mallory"
    user.save()
    assert Reviewer.objects.filter(user=user).count() == 1


def test_accounts_older_than_the_app_get_theirs_at_the_next_migrate(db: None) -> None:
    user = User.objects.create_user("mallory")
    Reviewer.objects.all().delete()
    call_command("migrate", verbosity=0)
    assert Reviewer.objects.get().user == user


def test_the_roles_are_there_after_a_migrate(db: None) -> None:
    names = set(Group.objects.values_list("name", flat=True))
    assert {"reviewer", "team lead"} <= names


def test_a_sealed_token_opens_with_any_present_key(settings: object) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.CREDENTIAL_KEYS = [old]  # type: ignore[attr-defined]
    sealed = vault.seal(TOKEN)
    settings.CREDENTIAL_KEYS = [new, old]  # type: ignore[attr-defined]
    assert vault.unseal(sealed) == TOKEN
    moved = vault.resealed(sealed)
    settings.CREDENTIAL_KEYS = [new]  # type: ignore[attr-defined]
    assert vault.unseal(moved) == TOKEN
    with pytest.raises(vault.KeyLost):
        vault.unseal(sealed)
    with pytest.raises(vault.KeyLost):
        vault.resealed(sealed)


def test_without_keys_nothing_is_sealed(settings: object) -> None:
    settings.CREDENTIAL_KEYS = []  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured):
        vault.seal(TOKEN)


@pytest.mark.parametrize("token", ["mbc_short", "mbc_short.a-project-with-a-long-handle"])
def test_a_short_token_shows_little(rina: Reviewer, token: str) -> None:
    kept = credentials.adopt(rina, token=SecretStr(token), owner="user_rina")
    assert (kept.prefix, kept.last_four) == ("mbc_", "")


def test_two_accounts_are_never_one_person(rina: Reviewer) -> None:
    with pytest.raises(AnotherOwner):
        credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_sam")
    assert not Credential.objects.exists()
    sam = Reviewer.objects.get(user__username="sam")
    with pytest.raises(IntegrityError):
        assign(sam, mobius_id="user_rina")


def test_changing_the_mobius_id_deletes_the_old_token(rina: Reviewer) -> None:
    credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_rina")
    assign(rina, mobius_id="user_new")
    assert credentials.find(rina, Upstream.current()) is None


def test_a_token_belongs_to_its_upstream(rina: Reviewer, settings: object) -> None:
    credentials.adopt(rina, token=SecretStr(TOKEN), owner="user_rina")
    assert credentials.find(rina, Upstream.current()) is not None
    settings.MOBIUS_PROJECT = "another"  # type: ignore[attr-defined]
    assert credentials.find(rina, Upstream.current()) is None


def test_the_demo_is_made_once(db: None) -> None:
    make_demo(tokens={"user_rina": TOKEN})
    User.objects.get(username="rina").set_password("changed")
    make_demo(tokens={})
    assert Credential.objects.count() == 1
    assert sorted(demo_accounts()) == ["admin", "lee", "rina", "sam", "tess"]
    assert User.objects.get(username="admin").is_superuser


def test_at_the_next_start_a_demo_token_is_as_its_owner_left_it(db: None) -> None:
    make_demo(tokens={"user_rina": TOKEN, "user_sam": TOKEN})
    rina, sam = (Reviewer.objects.get(user__username=name) for name in ("rina", "sam"))
    credentials.remove(rina)
    credentials.adopt(sam, token=SecretStr(f"{TOKEN}-new"), owner="user_sam")
    make_demo(tokens={"user_rina": TOKEN, "user_sam": TOKEN})
    assert credentials.find(rina, Upstream.current()) is None
    assert vault.unseal(Credential.objects.get(reviewer=sam).sealed) == f"{TOKEN}-new"


@pytest.mark.parametrize("worthless", ["refused", "lost", "another engine's"])
def test_at_the_next_start_a_worthless_demo_token_is_replaced(
    db: None, settings: Any, worthless: str
) -> None:
    make_demo(tokens={"user_rina": TOKEN})
    rina = Reviewer.objects.get(user__username="rina")
    match worthless:
        case "refused":
            credentials.mark_refused(rina)
        case "lost":
            settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
        case _:
            settings.MOBIUS_BASE_URL = "http://127.0.0.1:8999"
    make_demo(tokens={"user_rina": TOKEN})
    state = credentials.state_of(rina.user_id, Upstream.current())
    assert state is credentials.Token.GOOD


def test_an_account_with_another_password_is_no_demo_account(db: None) -> None:
    make_demo(tokens={})
    rina = User.objects.get(username="rina")
    rina.set_password("a better one")
    rina.save()
    assert "rina" not in demo_accounts()


def test_each_event_loop_has_one_pool_that_ends_with_it() -> None:
    seen = []

    async def twice() -> None:
        seen.extend([clients.service_client(Upstream()), clients.service_client(Upstream())])

    async_to_sync(twice)()
    asyncio.run(twice())
    assert seen[0] is seen[1]
    assert seen[2] is seen[3]
    assert seen[0] is not seen[2]
    assert all(client._http.is_closed for client in seen)


def test_a_pool_that_was_closed_is_made_again() -> None:
    async def twice() -> bool:
        first = clients.service_client(Upstream())
        await clients.close()
        return first is not clients.service_client(Upstream())

    assert asyncio.run(twice())


def test_nothing_that_holds_a_token_shows_it() -> None:
    assert TOKEN not in repr(clients.RequestCredential("member", TOKEN))
