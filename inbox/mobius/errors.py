"""What can go wrong between us and Mobius, in our words.

Every call of ``MobiusClient`` raises one of these and nothing else.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Refusal:
    """What an answer outside 2xx says of itself, each part empty where it does not."""

    code: str = ""
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class MobiusError(Exception):
    """Any failure of a call.

    ``code`` is the API's own word (``conflict``, ``already_claimed`` …) or empty, ``details`` what
    it said beside it, ``status`` the HTTP status or None where no answer came. ``retry_after`` is
    in seconds, None where it was not said. ``request`` names the call that was answered so, e.g.
    ``GET /interactions``, empty where no answer came. ``silence`` is how many seconds ago a stream
    that broke had last brought anything; None for any other call.
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
        self.request = ""
        self.silence: float | None = None


class Rejected(MobiusError):
    """400, 413, 422 and their like: what was sent is wrong."""


class Unauthorized(MobiusError):
    """401: the token is missing, unknown, revoked or expired."""


class Denied(MobiusError):
    """403: the token is good, the call is not for its owner."""


class NotFound(MobiusError):
    """404."""

    @property
    def is_of_project(self) -> bool:
        """Mobius says itself that it does not know the project: another 404 means less."""
        return bool(self.code) and "project" in f"{self.code} {self.message}".lower()


class Conflict(MobiusError):
    """409: somebody or something was first."""


class RateLimited(MobiusError):
    """429."""


class Unavailable(MobiusError):
    """5xx: Mobius answered that it cannot. Whether a write took place is not known."""


class Cause(StrEnum):
    """Why there was no connection, where that is known: the host's name is not, its certificate has
    expired, is for another host or is not trusted, it does not speak TLS.
    """

    HOST = "host"
    CERTIFICATE = "certificate"
    EXPIRED = "expired"
    OTHER_HOST = "other host"
    TLS = "tls"
    UNKNOWN = ""


class Unreachable(MobiusError):
    """No answer, or half of one.

    ``sent`` is False only where the request surely never left, e.g. a refused connection.
    """

    def __init__(self, message: str, *, sent: bool, cause: Cause = Cause.UNKNOWN) -> None:
        super().__init__(message)
        self.sent = sent
        self.cause = cause


class Ended(Unreachable):
    """A stream that Mobius closed in an orderly way: some do every few seconds."""


class Silent(Unreachable):
    """A stream brought nothing for too long, not even a keep-alive."""


class Nonsense(MobiusError):
    """An answer that cannot be read. Whether a write took place is not known."""


class WebPage(Nonsense):
    """HTML with a good status, such as a proxy's page to sign in at: no answer of Mobius, so it has
    no ``status`` either.
    """


class TooLarge(Nonsense):
    """An answer beyond the limit. ``head`` is its beginning, ``tail`` its end where it was read."""

    def __init__(self, message: str, *, head: bytes = b"", tail: bytes = b"") -> None:
        super().__init__(message)
        self.head = head
        self.tail = tail
