"""The errors that calls of ``MobiusClient`` raise. They raise no others."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from inbox.mobius.types import Generation


@dataclass(frozen=True)
class Refusal:
    code: str = ""
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)


class MobiusError(Exception):
    """Any failure of a call.

    Attributes:
        message: an English sentence for logs and commands; upstream's own if it sent one.
        upstream_message: upstream's own message, which pages may show.
        code: the API's error code (``conflict``, ``already_claimed`` …), or empty.
        status: HTTP status, None without a response.
        retry_after: in seconds, None if not given.
        request: the call, for example ``GET /interactions``; empty without a response.
        silence: seconds since a broken stream last sent something.
        outage: what can't be used, for the log; empty if the error is about this call only.
    """

    outage = ""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int | None = None,
        details: dict[str, Any] | None = None,
        retry_after: float | None = None,
        upstream_message: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.upstream_message = upstream_message
        self.code = code
        self.status = status
        self.details = details or {}
        self.retry_after = retry_after
        self.request = ""
        self.silence: float | None = None


class Rejected(MobiusError):
    """400, 413, 422 and similar: the request is wrong."""


class Unauthorized(MobiusError):
    """401: the token is missing, unknown, revoked or expired."""


class Denied(MobiusError):
    """403: the token is valid, but its owner may not make the call."""


class NotFound(MobiusError):
    """404."""

    @property
    def is_of_project(self) -> bool:
        return bool(self.code) and "project" in f"{self.code} {self.message}".lower()


class Conflict(MobiusError):
    """409: the state has changed, for example because someone else answered first."""


class RateLimited(MobiusError):
    """429."""


class Unavailable(MobiusError):
    """5xx. Whether a write took place is unknown."""

    outage = "Mobius"


class Cause(StrEnum):
    HOST = "host"
    CERTIFICATE = "certificate"
    EXPIRED = "expired"
    OTHER_HOST = "other host"
    TLS = "tls"
    UNKNOWN = ""


class Unreachable(MobiusError):
    """``sent`` is False only if the request was certainly not sent: the connection was refused."""

    outage = "Mobius"

    def __init__(self, message: str, *, sent: bool, cause: Cause = Cause.UNKNOWN) -> None:
        super().__init__(message)
        self.sent = sent
        self.cause = cause


class Ended(Unreachable):
    """A stream that Mobius closed normally: some do every few seconds."""


class Silent(Unreachable):
    pass


class InvalidResponse(MobiusError):
    """A response that can't be read. Whether a write took place is unknown."""


class WebPage(InvalidResponse):
    """HTML with a success status, such as a proxy's sign-in page; not from Mobius."""


class OtherApi(InvalidResponse):
    """Mobius has another generation of the API than the one by which it is read."""

    def __init__(self, generation: Generation) -> None:
        super().__init__(f"This Mobius uses generation {generation.upper()} of the API.")
        self.generation = generation


class TooLarge(InvalidResponse):
    """``head`` is the beginning of the response, ``tail`` its end if that was read."""

    def __init__(self, message: str, *, head: bytes = b"", tail: bytes = b"") -> None:
        super().__init__(message)
        self.head = head
        self.tail = tail
