import copy
import json
from typing import Any

import pytest

from inbox.access.redaction import (
    MASK,
    Masked,
    NotMasked,
    masked,
    masked_context,
    pointer,
    secret_at,
)

SECRET_KEYS = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "access_key",
    "private_key",
    "credential",
    "authorization",
    "cookie",
    # Where words begin and end.
    "db_password",
    "client-secret",
    "accessToken",
    "apiKey",
    "APIKey",
    "X-API-Key",
    "AWSSecretAccessKey",
    "access key",
    "smtp.password",
    "Set-Cookie",
    "PROXY_AUTHORIZATION",
    "password2",
    "oauth2Token",
    "secret_name",
    "passWord",
    "apikey",
    "PrivateKey.pem",
    "tokenÄnderung",
    "mySecretÜber",
    "секретToken",
    # More than one.
    "passwords",
    "secrets",
    "tokens",
    "api_keys",
    "credentials",
    "cookies",
]
OTHER_KEYS = [
    "",
    "secretary",
    "tokenizer",
    "passwordless",
    "cookiecutter",
    "compass",
    "key",
    "keyApi",
    "key_api",
    "apis_key",
    "api_public_key",
    "public_key",
    "primary key",
    "monkey",
    "author",
    "authorized",
    "accredited",
    "username",
]


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_a_key_with_the_name_of_a_secret_masks_its_value(key: str) -> None:
    assert masked({key: "hunter2"}) == {key: MASK}


@pytest.mark.parametrize("key", OTHER_KEYS)
def test_a_key_that_only_looks_like_one_does_not(key: str) -> None:
    assert masked({key: "plain"}) == {key: "plain"}


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        # Everything under such a key, however deep.
        (
            {"token": {"a": "x", "b": ["y", {"c": "z"}]}},
            {"token": {"a": MASK, "b": [MASK, {"c": MASK}]}},
        ),
        ([{"user": "lee", "api_key": "x"}], [{"user": "lee", "api_key": MASK}]),
        # Numbers, true and false are no secrets ...
        ({"max_tokens": 4096, "cookie": True}, {"max_tokens": 4096, "cookie": True}),
        ({"tokens": {"in": 1.5}}, {"tokens": {"in": 1.5}}),
        # ... but a number in a string is one, and these keys' numbers are too.
        ({"token": "4096"}, {"token": MASK}),
        *(
            ({key: [1234, 0, 1.5, False, "x"]}, {key: [MASK] * 5})
            for key in ("password", "passwd", "passphrase", "secret", "credential")
        ),
        ({"token": {"password": 7}}, {"token": {"password": MASK}}),
        ({"secret": {"token": 7}}, {"secret": {"token": MASK}}),
        # Nothing is hidden in nothing.
        ({"password": None, "token": ""}, {"password": None, "token": ""}),
        ({"secret": {}, "cookies": []}, {"secret": {}, "cookies": []}),
        # A string is text, whatever it contains.
        ({"body": '{"password": "x"}'}, {"body": '{"password": "x"}'}),
        ("password: x", "password: x"),
        (None, None),
    ],
)
def test_the_value_of_a_masked_key_decides_what_is_masked(value: Any, seen: Any) -> None:
    before = copy.deepcopy(value)
    assert masked(value) == seen
    assert value == before


def test_masked_keys_adds_names_and_their_numbers(settings: Any) -> None:
    value = {"iban": "FI21", "taxId": 81, "tax": 3, "salary": 9000, "api_key": "x"}
    assert masked(value)["iban"] == "FI21"
    settings.MASKED_KEYS = ("iban", "tax id", "Salary")
    assert masked(value) == {
        "iban": MASK, "taxId": MASK, "tax": 3, "salary": MASK, "api_key": MASK
    }  # fmt: skip


def test_a_mask_knows_its_path_and_is_text_to_everything_else() -> None:
    seen = masked({"env": [{"a/b": {"db~password": "x"}}]}, ("context",))
    mask = seen["env"][0]["a/b"]["db~password"]
    assert isinstance(mask, Masked)
    assert mask.path == ("context", "env", 0, "a/b", "db~password")
    assert pointer(mask.path) == "/context/env/0/a~1b/db~0password"
    assert json.dumps(seen, ensure_ascii=False) == '{"env": [{"a/b": {"db~password": "•••"}}]}'
    assert copy.deepcopy(mask).path == mask.path


def test_the_secret_is_found_by_the_path_of_its_mask() -> None:
    value = {"context": {"a/b": [{"port": 1, "db~password": "x"}], "token": {"n": 3, "t": ["y"]}}}
    assert secret_at(value, "/context/a~1b/0/db~0password") == "x"
    assert secret_at(value, "/context/token/t/0") == "y"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/context",
        "/context/a~1b/0/port",
        "/context/a~1b/00/db~0password",
        "/context/a~1b/-1/db~0password",
        "/context/a~1b/1/db~0password",
        "/context/token/n",
        "/context/token/t",
        "/context/token/t/0/0",
        "context/token/t/0",
    ],
)
def test_a_path_that_leads_to_no_masked_value_is_refused(path: str) -> None:
    value = {"context": {"a/b": [{"port": 1, "db~password": "x"}], "token": {"n": 3, "t": ["y"]}}}
    with pytest.raises(NotMasked):
        secret_at(value, path)


def test_masking_again_changes_nothing() -> None:
    once = masked({"token": ["x", 1], "password": {"length": 12}})
    assert masked(once) == once


def test_a_very_deep_value_is_masked_too() -> None:
    deep: Any = {"token": "x"}
    for _ in range(5000):
        deep = [deep]
    found = masked(deep)
    while isinstance(found, list):
        found = found[0]
    assert found == {"token": MASK}


CARDS = [
    "4111 1111 1111 1111",
    "5555-5555-5555-4444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "3530111333300000",
    " 4222222222222 ",
]
IBANS = ["DE89 3704 0044 0532 0130 00", "gb29nwbk60161331926819", "NO9386011117947"]
OTHER_TEXTS = [
    "4111 1111 1111 1112",
    "9111 1111 1111 1111",
    "411111111111",
    "411111111111111111111",
    "4111 1111 1111 1111 is declined",
    "4111  1111 1111 1111",
    "DE89 3704 0044 0532 0130 01",
    "DE89 3704 0044 0532 0130",
    "XX89370400440532013000",
    "",
]


@pytest.mark.parametrize("text", [*CARDS, *IBANS])
def test_a_text_in_a_context_that_is_the_number_of_an_account_is_masked(text: str) -> None:
    assert masked_context({"rows": [{"paid with": text}]}) == {"rows": [{"paid with": MASK}]}
    assert masked({"paid with": text}) == {"paid with": text}
    fields = {"context": {"account": text}, "responses": [{"value": text}]}
    assert secret_at(fields, "/context/account") == text
    with pytest.raises(NotMasked):
        secret_at(fields, "/responses/0/value")


@pytest.mark.parametrize("text", OTHER_TEXTS)
def test_a_text_that_only_looks_like_one_is_not(text: str) -> None:
    assert masked_context({"paid with": text}) == {"paid with": text}


def test_ids_and_json_numbers_are_not_account_numbers() -> None:
    context = {"orderId": CARDS[0], "ids": [CARDS[0]], "amount": 4111111111111111}
    assert masked_context(context) == context


def test_account_numbers_can_be_left_as_they_are(settings: Any) -> None:
    settings.MASK_NUMBERS = False
    context = {"iban": IBANS[0], "password": CARDS[0]}
    assert masked_context(context) == {"iban": IBANS[0], "password": MASK}
