"""Texts that a database refuses, made harmless."""

from math import isfinite
from typing import Any

from inbox.mirror.snapshots import Gone, Reading


def scrubbed(reading: Reading) -> Reading:
    """The same reading without NUL characters, halves of surrogate pairs and infinite numbers."""
    if isinstance(reading, Gone):
        return reading
    return type(reading).model_validate(_clean(reading.model_dump()))


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {_clean(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value
