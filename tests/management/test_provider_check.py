from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from inbox.management import provider_check
from tests.support.identity_provider import IdentityProvider

pytestmark = [pytest.mark.process, pytest.mark.slow]


@pytest.fixture(scope="module")
def identity_provider() -> Iterator[IdentityProvider]:
    provider = IdentityProvider({})
    yield provider
    provider.stop()


def said() -> list[str]:
    return [f"{finding.verdict}: {finding.text}" for finding in provider_check.examine()]


def test_without_a_provider_nothing_is_said(db: None) -> None:
    assert said() == []


def test_a_provider_that_answers_and_an_administrator_who_can_do_without_it(
    db: None, identity_provider: IdentityProvider, settings: Any
) -> None:
    settings.OIDC = identity_provider.settings(break_glass="ada")
    User.objects.create_superuser("ada", password="correct horse battery")
    assert said() == [
        f"ok: The identity provider {identity_provider.issuer} is responding.",
        "ok: ada can sign in with a password when the identity provider isn't working.",
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"issuer": "http://127.0.0.1:9"}, "isn't responding (ConnectionError)"),
        ({"issuer": "localhost"}, "names a different issuer from OIDC_ISSUER"),
        ({"origins": ("https://elsewhere.example",)}, "to OIDC_ORIGINS"),
    ],
)
def test_what_is_wrong_fails_with_what_to_do(
    db: None, identity_provider: IdentityProvider, settings: Any, wrong: dict[str, Any], words: str
) -> None:
    if wrong.get("issuer") == "localhost":
        wrong = {"issuer": identity_provider.issuer.replace("127.0.0.1", "localhost")}
    settings.OIDC = identity_provider.settings(**wrong)
    provider, break_glass = said()
    assert provider.startswith("fails: ")
    assert words in provider
    assert break_glass.startswith("to do: OIDC_BREAK_GLASS: admin isn't an administrator")
