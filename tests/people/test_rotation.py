from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.utils import timezone

from inbox.audit import chain, decision_log
from inbox.models import Credential, DeviceSignIn, Reviewer, TokenRevocation, Upstream
from inbox.people import rotation, vault
from inbox.people.demo import make_demo

TOKENS = {f"user_{name}": f"mbc_{name}_{'0' * 28}" for name in ("rina", "sam", "lee")}


LOG = "The end of the decision log is sealed with the same key.\n"


def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def old(db: None, settings: Any) -> str:
    sealed_with = key()
    settings.CREDENTIAL_KEYS = [sealed_with, *settings.CREDENTIAL_KEYS]
    assert decision_log.reseal()
    settings.CREDENTIAL_KEYS = [sealed_with]
    make_demo(tokens=TOKENS)
    return sealed_with


def rotate() -> str:
    text = StringIO()
    call_command("rotate_credential_keys", stdout=text)
    return text.getvalue()


def opened() -> set[str]:
    return {vault.unseal(row.sealed) for row in Credential.objects.all()}


def sign_in_and_revocation() -> list[DeviceSignIn | TokenRevocation]:
    reviewer, upstream, now = Reviewer.objects.all()[0], Upstream.current(), timezone.now()
    sealed = {"reviewer": reviewer, "upstream": upstream, "sealed": vault.seal("secret")}
    code = DeviceSignIn.objects.create(**sealed, interval=5, expires_at=now)
    return [code, TokenRevocation.objects.create(**sealed, name="rina", created_at=now)]


def test_every_token_can_be_decrypted_with_only_the_new_key(old: str, settings: Any) -> None:
    new = key()
    rows = sign_in_and_revocation()
    settings.CREDENTIAL_KEYS = [new, old]
    assert rotate() == "3 tokens are encrypted with the first key of CREDENTIAL_KEYS.\n" + LOG
    settings.CREDENTIAL_KEYS = [new]
    assert chain.sealed(decision_log.head())
    assert opened() == set(TOKENS.values())
    for row in rows:
        row.refresh_from_db()
        assert vault.unseal(row.sealed) == "secret"
    settings.CREDENTIAL_KEYS = [old]
    with pytest.raises(vault.KeyLost):
        opened()


def test_tokens_are_rotated_in_batches(old: str, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [key(), old]
    assert rotation.rotate(batch=2) == 3


def test_a_lost_key_names_whose_tokens_and_changes_nothing(old: str, settings: Any) -> None:
    new = key()
    settings.CREDENTIAL_KEYS = [new]
    Credential.objects.filter(reviewer__user__username="sam").update(
        sealed=vault.seal(TOKENS["user_sam"])
    )
    before = set(Credential.objects.values_list("sealed", flat=True))
    with pytest.raises(CommandError) as refused:
        rotate()
    text = str(refused.value)
    assert text.startswith(
        "The current keys can't decrypt the member tokens, second factors or channels of lee, "
        "rina, so "
    )
    assert "Add the old key after the new one" in text
    assert "Account page" in text
    assert refused.value.returncode == 1
    assert set(Credential.objects.values_list("sealed", flat=True)) == before


def test_missing_keys_are_reported_in_a_sentence(old: str, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = []
    with pytest.raises(CommandError, match="CREDENTIAL_KEYS is empty"):
        rotate()


def test_nothing_to_rotate_is_no_error(db: None) -> None:
    assert rotate() == "0 tokens are encrypted with the first key of CREDENTIAL_KEYS.\n" + LOG
