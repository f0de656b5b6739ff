"""Replacing texts that a database refuses."""

from math import isfinite
from typing import Any

from inbox.mirror.snapshots import Deleted, Payload


def scrubbed(payload: Payload) -> Payload:
    """The payload without NUL characters, lone surrogates and infinite numbers."""
    if isinstance(payload, Deleted):
        return payload
    return type(payload).model_validate(_clean(payload.model_dump()))


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
