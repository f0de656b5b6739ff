"""What can go wrong between us and Mobius, in our words.

Every call of ``MobiusClient`` raises one of these and nothing else.
"""

from typing import Any


class MobiusError(Exception):
    """Any failure of a call.

    ``code`` is the API's own word (``conflict``, ``already_claimed`` …) or empty, ``details`` what
    it said beside it, ``status`` the HTTP status or None where no answer came. ``retry_after`` is
    in seconds, None where it was not said.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.details = details or {}
        self.retry_after = retry_after


class Rejected(MobiusError):
    """400, 413, 422 and their like: what was sent is wrong."""


class Unauthorized(MobiusError):
    """401: the token is missing, unknown, revoked or expired."""


class Denied(MobiusError):
    """403: the token is good, the call is not for its owner."""


class NotFound(MobiusError):
    """404."""


class Conflict(MobiusError):
    """409: somebody or something was first."""


class RateLimited(MobiusError):
    """429."""


class Unavailable(MobiusError):
    """5xx: Mobius answered that it cannot. Whether a write took place is not known."""


class Unreachable(MobiusError):
    """No answer, or half of one.

    ``sent`` is False only where the request surely never left, e.g. a refused connection.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Nonsense(MobiusError):
    """An answer that cannot be read. Whether a write took place is not known."""
