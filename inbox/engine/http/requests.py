from typing import Any, NoReturn

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from inbox.engine.actions import paging
from inbox.engine.rules.errors import EngineError, bad_request
from inbox.lib import exact

BODY_LIMIT = 1024 * 1024
"""Bytes of a body that are read."""

_DRAIN_LIMIT = 16 * BODY_LIMIT
"""Bytes that are read and discarded so that a caller who is still sending receives the refusal."""


class JSON(JSONResponse):
    def render(self, content: Any) -> bytes:
        text = exact.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode()


def refusal(error: EngineError) -> Response:
    return JSON(error.payload(), error.status, error.headers)


def bearer(connection: HTTPConnection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def query(request: Request) -> dict[str, str]:
    """Raises 400 for a field given twice."""
    fields: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in fields:
            raise bad_request(f"{name} is given twice.")
        fields[name] = value
    return fields


def filtered_page(
    query: dict[str, str], *, default: int = paging.DEFAULT_LIMIT, most: int = paging.LIMIT
) -> dict[str, Any]:
    filters = dict(query)
    cursor = filters.pop("cursor", None)
    limit = filters.pop("limit", str(default))
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 4):
        raise paging.wrong_limit(most)
    return {"filters": filters, "limit": int(limit), "cursor": cursor}


def page(query: dict[str, str]) -> dict[str, Any]:
    parameters = filtered_page(query)
    paging.check_filters(parameters.pop("filters"))
    return parameters


async def read_body(request: Request) -> bytes:
    """Raises 413 for one that is longer than ``BODY_LIMIT``, announced or not."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > _DRAIN_LIMIT:
        raise _too_large()
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= BODY_LIMIT:
            body += chunk
        elif size > _DRAIN_LIMIT:
            break
    if size > BODY_LIMIT:
        raise _too_large()
    return bytes(body)


def parse(body: bytes) -> dict[str, Any]:
    """An empty body counts as an empty object. Raises 400."""
    if not body:
        return {}
    try:
        parsed = exact.loads(body.decode(), parse_constant=_not_a_number, parse_float=_number)
    except (ValueError, RecursionError):
        raise bad_request("The body must be JSON, in UTF-8.") from None
    if not isinstance(parsed, dict):
        raise bad_request("The body must be a JSON object.")
    return parsed


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _number(digits: str) -> Any:
    number = exact.number(digits)
    if isinstance(number, str):
        raise ValueError(f"{digits} is too large a number")
    return number


def _too_large() -> EngineError:
    """The body stays unread, so the connection cannot be used again."""
    return EngineError(
        413,
        "payload_too_large",
        f"The body can have at most {BODY_LIMIT} bytes.",
        headers={"Connection": "close"},
    )
