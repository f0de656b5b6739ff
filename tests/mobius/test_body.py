"""JSON from Mobius is read so that every database can store it."""

from typing import Any

import pytest

from inbox.mobius import body

DEEP = 600
"""Deeper than a function that calls itself for each level could go."""


def test_what_cannot_be_stored_is_replaced_in_texts_and_keys() -> None:
    read = body.loads(r'{"a\u0000": ["\ud83d", 1, {"b": "\ud83d\ude00"}], "c": null}')
    assert read == {
        "a\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}", 1, {"b": "😀"}],
        "c": None,
    }


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_it_is_replaced_in_deeply_nested_values_too(opening: str, closing: str) -> None:
    value: Any = body.loads(opening * DEEP + r'"x\u0000"' + closing * DEEP)
    for _ in range(DEEP):
        value = value[0] if isinstance(value, list) else value["a"]
    assert value == "x\N{REPLACEMENT CHARACTER}"
