"""What an HTTP answer means: its JSON, or the error it tells."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from inbox.mobius import body
from inbox.mobius.errors import (
    Conflict,
    Denied,
    MobiusError,
    Nonsense,
    NotFound,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
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


def read(status: int, content: bytes) -> Any:
    """The JSON of a good answer; None for an empty 204. Raises Nonsense."""
    if status == HTTPStatus.NO_CONTENT and not content:
        return None
    try:
        return body.loads(content)
    except ValueError:
        raise Nonsense(
            f"Mobius answered {status} with something that is not JSON.", status=status
        ) from None


def failure(status: int, content: bytes, retry_after: str | None) -> MobiusError:
    """The error that an answer outside 2xx tells, whatever is in its body."""
    code, message, details = _told(content)
    return _kind(status)(
        message or f"Mobius answered {status} {_phrase(status)}".rstrip(),
        code=code,
        status=status,
        details=details,
        retry_after=seconds(retry_after),
    )


def seconds(retry_after: str | None) -> float | None:
    """A ``Retry-After`` header, seconds or an HTTP date, in seconds; None if unreadable."""
    if retry_after is None:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after[:12])
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _kind(status: int) -> type[MobiusError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= 500:
        return Unavailable
    # A redirect is not followed: it would carry the token, or a written answer, to another place.
    return Rejected if status >= 400 else Nonsense


def _told(content: bytes) -> tuple[str, str, dict[str, Any]]:
    try:
        said = body.loads(content)
    except ValueError:
        return "", "", {}
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str):
        return "", error[:_LONGEST_MESSAGE], {}
    if not isinstance(error, dict):
        return "", "", {}
    code, message, details = (error.get(key) for key in ("code", "message", "details"))
    return (
        code if isinstance(code, str) else "",
        message[:_LONGEST_MESSAGE] if isinstance(message, str) else "",
        details if isinstance(details, dict) else {},
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
