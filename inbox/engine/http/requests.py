"""Reading a request: its headers, its body within bounds, its query."""

import json
import re
from collections.abc import Awaitable, Callable
from math import isfinite
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from inbox.engine.http.answers import HttpRefusal
from inbox.engine.rules.errors import EngineError

Receive = Callable[[], Awaitable[dict[str, Any]]]

BODY_LIMIT = 1024 * 1024
"""Bytes of a body that are read."""

_DRAIN_LIMIT = 16 * BODY_LIMIT
"""Bytes that are thrown away so that a caller who is still sending hears the refusal."""

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


def header(scope: dict[str, Any], name: bytes) -> str:
    """The header's value, empty where it is absent."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def bearer(scope: dict[str, Any]) -> str | None:
    """The token of ``Authorization: Bearer …``, None where there is none."""
    scheme, _, token = header(scope, b"authorization").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def query(scope: dict[str, Any]) -> dict[str, str]:
    """The query's fields. Raises 400 for a field given twice or text that no database can hold."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        if name in fields:
            raise EngineError(400, "bad_request", f"{name} is given twice.")
        if _NOT_TEXT.search(name + value):
            raise EngineError(400, "bad_request", "The query holds characters that are not text.")
        fields[name] = value
    return fields


async def read_body(scope: dict[str, Any], receive: Receive) -> bytes:
    """The body. Raises 413 beyond ``BODY_LIMIT``, announced or not, 400 where it breaks off."""
    announced = header(scope, b"content-length")
    if announced.isdecimal() and int(announced) > _DRAIN_LIMIT:
        raise _too_large()
    body, size, more = bytearray(), 0, True
    while more and size <= _DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise EngineError(400, "bad_request", "The body ended early.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= BODY_LIMIT:
            body += chunk
        more = message.get("more_body", False)
    if size > BODY_LIMIT:
        raise _too_large()
    return bytes(body)


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; nothing at all counts as an empty one. Raises 400."""
    if not body:
        return {}
    try:
        parsed = json.loads(body.decode(), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise EngineError(400, "bad_request", "The body must be JSON, in UTF-8.") from None
    if not isinstance(parsed, dict):
        raise EngineError(400, "bad_request", "The body must be a JSON object.")
    if b"\\u" in body:
        _refuse_what_is_not_text(parsed)
    return parsed


def _refuse_what_is_not_text(value: Any) -> None:
    """JSON can spell U+0000 and halves of characters; PostgreSQL and UTF-8 cannot."""
    if isinstance(value, str):
        if _NOT_TEXT.search(value):
            raise EngineError(400, "bad_request", "A string holds characters that are not text.")
    elif isinstance(value, list):
        for item in value:
            _refuse_what_is_not_text(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_what_is_not_text(key)
            _refuse_what_is_not_text(item)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number


def _too_large() -> HttpRefusal:
    """What is left of the body stays unread, so the connection cannot be used again."""
    return HttpRefusal(
        413,
        "payload_too_large",
        f"The body may have {BODY_LIMIT} bytes at most.",
        headers=(("Connection", "close"),),
    )
