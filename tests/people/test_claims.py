from typing import Any

import pytest

from inbox.people.oidc.identity_provider import Claims, NotTheProvider, merged
from tests.support.identity_provider import oidc

TOKEN = {"sub": "nora", "exp": 1_900_000_000}
VERIFIED = {"email": "nora@acme.example", "email_verified": True}


@pytest.fixture(autouse=True)
def _provider(settings: Any) -> None:
    settings.OIDC = oidc("https://id.acme.example")


@pytest.mark.parametrize(
    ("token", "userinfo", "email"),
    [
        (VERIFIED, {}, "nora@acme.example"),
        ({}, VERIFIED, "nora@acme.example"),
        ({"email_verified": True}, {"email": "boss@acme.example"}, ""),
        ({"email": "boss@acme.example"}, {"email_verified": True}, ""),
        (VERIFIED, {"email": "boss@acme.example"}, ""),
    ],
)
def test_an_address_counts_if_the_source_that_names_it_says_that_it_is_verified(
    token: dict[str, Any], userinfo: dict[str, Any], email: str
) -> None:
    claims = merged({"id_token": {**TOKEN, **token}, "userinfo": {"sub": "nora", **userinfo}})
    assert Claims.read(claims).email == email


def test_an_id_token_without_an_expiry_is_refused() -> None:
    with pytest.raises(NotTheProvider):
        merged({"id_token": {"sub": "nora", **VERIFIED}})
