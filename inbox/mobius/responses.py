"""Reading HTTP responses: their JSON, or the error they stand for."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from inbox.mobius import body
from inbox.mobius.errors import (
    Conflict,
    Denied,
    InvalidResponse,
    MobiusError,
    NotFound,
    RateLimited,
    Refusal,
    Rejected,
    Unauthorized,
    Unavailable,
    WebPage,
)

_BY_STATUS: dict[int, type[MobiusError]] = {
    401: Unauthorized,
    403: Denied,
    404: NotFound,
    409: Conflict,
    410: NotFound,
    429: RateLimited,
}
_LONGEST_MESSAGE = 500


def read(status: int, content: bytes | bytearray, media_type: str = "") -> Any:
    """None for an empty 204. Raises InvalidResponse, for HTML WebPage."""
    if status == HTTPStatus.NO_CONTENT and not content:
        return None
    try:
        return body.loads(content)
    except ValueError:
        if _is_html(content, media_type):
            raise WebPage(f"Mobius returned a web page ({status}).") from None
        raise InvalidResponse(
            f"Mobius returned {status} with something that is not JSON.", status=status
        ) from None


def failure(
    status: int,
    content: bytes | bytearray,
    retry_after: str | None,
    read_refusal: Callable[[Any], Refusal],
) -> MobiusError:
    refusal = read_refusal(_parsed(content))
    message = refusal.message[:_LONGEST_MESSAGE]
    return _kind(status)(
        message or f"Mobius returned {status} {_phrase(status)}".rstrip(),
        code=refusal.code,
        status=status,
        details=refusal.details,
        retry_after=seconds(retry_after),
        upstream_message=message,
    )


def read_oauth_refusal(parsed: Any) -> Refusal:
    """``{"error", "error_description"}``."""
    wire = parsed if isinstance(parsed, dict) else {}
    code, message = wire.get("error"), wire.get("error_description")
    return Refusal(
        code=code if isinstance(code, str) else "",
        message=message if isinstance(message, str) else "",
    )


def seconds(retry_after: str | None) -> float | None:
    """Seconds or an HTTP date; None if unreadable."""
    if retry_after is None:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after[:12])
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _is_html(content: bytes | bytearray, media_type: str) -> bool:
    begins = content.lstrip(b"\xef\xbb\xbf \t\r\n")  # a byte order mark may come first
    named = media_type.partition(";")[0].strip().lower() == "text/html"
    return begins.startswith(b"<") or (named and bool(begins))


def _kind(status: int) -> type[MobiusError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return Unavailable
    # Redirects are not followed: they would send the token, or an answer, to another place.
    return Rejected if status >= 400 else InvalidResponse


def _parsed(content: bytes | bytearray) -> Any:
    try:
        return body.loads(content)
    except ValueError:
        return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
