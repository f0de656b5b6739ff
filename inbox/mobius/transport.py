"""Requests to Mobius, with time-outs, retries and error translation."""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from copy import copy
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

import certifi
import httpx
from pydantic import SecretStr

from inbox.mobius import body, bounded, responses
from inbox.mobius.bounded import Limits
from inbox.mobius.errors import (
    Cause,
    InvalidResponse,
    MobiusError,
    RateLimited,
    Refusal,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.timing import Backoff, Timeouts

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH of OpenSSL.
_CERTIFICATE_CAUSES = {10: Cause.EXPIRED, 62: Cause.OTHER_HOST, 64: Cause.OTHER_HOST}

# Shorter than the five seconds after which common servers close an idle connection: a POST that
# meets the close could not be distinguished from one that arrived.
_IDLE_SECONDS = 3.0

# Added to the reader's time-out, so that the reader finds a silent stream first.
_GRACE_SECONDS = 5.0
_STREAM_HEADERS = {
    "Accept": "text/event-stream",
    "Accept-Encoding": "identity",
    "Cache-Control": "no-store",
}

Query = Mapping[str, str | int]
Waiting = Callable[[], AbstractAsyncContextManager[None]]
MoreHeaders = Callable[[], Mapping[str, str]]
Observe = Callable[[str, str, float], None]
"""Called after each call, with its method and path without IDs, its result and its seconds."""


class SharedLimit(Protocol):
    """A limit of requests, which all processes observe together."""

    async def check(self) -> None:
        """Raises RateLimited while it lasts."""

    async def note(self, error: RateLimited) -> None: ...


def unobserved(call: str, result: str, seconds: float) -> None:
    return


class Bearer(httpx.Auth):
    """Adds the token to requests, and keeps it out of representations."""

    def __init__(self, token: str) -> None:
        self._token = SecretStr(token)

    @property
    def usable(self) -> bool:
        token = self._token.get_secret_value()
        return bool(token) and token.isascii() and token.isprintable() and " " not in token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


class NoToken(Bearer):
    """For requests that are made before there is a token."""

    usable = True

    def __init__(self) -> None:
        super().__init__("")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield request


def pooled(base_url: str, timeouts: Timeouts, *, max_connections: int = 100) -> httpx.AsyncClient:
    """Without cookies, and without a proxy for loopback."""
    # People share the pool: one person's cookie must not be sent with another's token.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        verify=ssl_context() if base_url.startswith("https:") else True,
        cookies=no_cookies,
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.connect),
        limits=httpx.Limits(
            max_connections=max_connections,
            max_keepalive_connections=20,
            keepalive_expiry=_IDLE_SECONDS,
        ),
        trust_env=not is_loopback(base_url),
        follow_redirects=False,
    )


def ssl_context() -> ssl.SSLContext:
    """Trusts the system's certificates, or those in ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``."""
    context = ssl.create_default_context()
    if not (os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")):
        # A system may have no certificates, or old ones.
        context.load_verify_locations(certifi.where())
    return context


class Transport:
    """Raises ``MobiusError`` and nothing else.

    ``quiet_until`` is the monotonic time up to which ``Retry-After`` asks to wait with other calls.
    """

    def __init__(
        self,
        *,
        root: str,
        http: httpx.AsyncClient,
        streams: httpx.AsyncClient,
        auth: Bearer,
        timeouts: Timeouts,
        backoff: Backoff,
        limits: Limits,
        read_refusal: Callable[[Any], Refusal],
        waiting: Waiting = nullcontext,
        more_headers: MoreHeaders = dict,
        observe: Observe = unobserved,
    ) -> None:
        self.root = root
        self.timeouts = timeouts
        self.limits = limits
        self.backoff = backoff
        self._read_refusal = read_refusal
        self._waiting = waiting
        self._more_headers = more_headers
        self._observe = observe
        self._http = http
        self._streams = streams
        self._auth = auth
        self._shared_limit: SharedLimit | None = None
        self.quiet_until = float("-inf")
        self._dated: tuple[str, datetime] | None = None

    @property
    def clock_offset(self) -> timedelta | None:
        """Upstream's time minus ours, to a second."""
        if self._dated is None:
            return None
        theirs, ours = self._dated
        try:
            return parsedate_to_datetime(theirs) - ours
        except (TypeError, ValueError, OverflowError):  # invalid, or without a time zone
            return None

    def with_auth(self, auth: Bearer) -> "Transport":
        other = copy(self)
        other._auth, other.quiet_until, other._dated = auth, float("-inf"), None
        other._shared_limit = None
        return other

    def with_shared_limit(self, limit: SharedLimit) -> "Transport":
        other = copy(self)
        other._shared_limit = limit
        return other

    def with_root(self, root: str) -> "Transport":
        other = copy(self)
        other.root = root
        return other

    def for_oauth(self) -> "Transport":
        """Without the token, and with OAuth's form of errors."""
        other = self.with_auth(NoToken())
        other._read_refusal = responses.read_oauth_refusal
        return other

    async def get(self, path: str, query: Query | None = None, *, to_the_end: bool = False) -> Any:
        """Retried after temporary failures, since it changes nothing.

        ``to_the_end``: read on beyond the limit, so that TooLarge has the end of the response.
        """
        began = time.monotonic()
        failures = 0
        while True:
            try:
                return await self.send("GET", path, query=query, to_the_end=to_the_end)
            except (Unreachable, Unavailable, RateLimited) as error:
                failures += 1
                wait = self.backoff.delay(failures, error.retry_after)
                spent = time.monotonic() - began
                if failures >= self.backoff.attempts or spent + wait > self.backoff.max_elapsed:
                    raise
            async with self._waiting():
                await asyncio.sleep(wait)

    async def get_if_changed(
        self, path: str, query: Query, etag: str | None
    ) -> tuple[Any, str | None] | None:
        """Without retries; None if unchanged."""
        conditional = {} if etag is None else {"If-None-Match": etag}
        status, headers, content = await self._once(
            "GET", path, query, None, extra_headers=conditional
        )
        if status == HTTPStatus.NOT_MODIFIED and etag is not None:
            return None
        return await self._read(f"GET {path}", status, headers, content), headers.get("ETag")

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        to_the_end: bool = False,
    ) -> Any:
        """Send a request once: it may have arrived even if this fails. None without a body."""
        answer = await self._once(method, path, query, json, form=form, to_the_end=to_the_end)
        return await self._read(f"{method} {path}", *answer)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query, headers: Mapping[str, str], timeout: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Entering waits until upstream has accepted the stream.

        A silence of much more than ``timeout`` seconds raises Unreachable. Streams have their own
        pool, so that other calls always find a connection.
        """
        self._require_token()
        await self._check_shared_limit()
        # The reader of the chunks has its own time-out: this one is for the response's start.
        silence = httpx.Timeout(
            timeout + _GRACE_SECONDS,
            connect=self.timeouts.connect,
            pool=self.timeouts.connect,
        )
        try:
            async with self._streams.stream(
                "GET",
                self.root + path,
                params=dict(query),
                headers={**_STREAM_HEADERS, **self._more_headers(), **headers},
                auth=self._auth,
                timeout=silence,
            ) as response:
                await self._check_stream(path, response)
                async with aclosing(bounded.chunks(response)) as pieces:
                    yield pieces
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error) from None

    async def _once(
        self, method: str, path: str, query: Query | None, json: Any, **options: Any
    ) -> tuple[int, httpx.Headers, bytearray]:
        await self._check_shared_limit()
        began = time.monotonic()

        def observe(result: str) -> None:
            self._observe(_kind(method, path), result, time.monotonic() - began)

        try:
            async with self._waiting(), asyncio.timeout(self.timeouts.total):
                answer = await self._exchange(method, path, query, json, **options)
        except TimeoutError:
            observe("unreachable")
            raise Unreachable("Mobius took too long to respond.", sent=True) from None
        except MobiusError as error:
            observe("unreadable" if isinstance(error, InvalidResponse) else "unreachable")
            raise
        observe(str(answer[0]))
        return answer

    async def _exchange(
        self,
        method: str,
        path: str,
        query: Query | None,
        json: Any,
        *,
        form: Mapping[str, str] | None = None,
        to_the_end: bool = False,
        extra_headers: Mapping[str, str] | None = None,
    ) -> tuple[int, httpx.Headers, bytearray]:
        self._require_token()
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **self._more_headers(),
            **(extra_headers or {}),
        }
        if json is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._http.stream(
                method,
                self.root + path,
                params=dict(query) if query else None,
                content=None if json is None else body.dumps(json),
                data=form,
                headers=headers,
                auth=self._auth,
            ) as response:
                if date := response.headers.get("Date"):
                    self._dated = date, datetime.now(UTC)
                content = await bounded.read_body(
                    response, self.limits.response, to_the_end=to_the_end
                )
                return response.status_code, response.headers, content
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Without its cause: httpx's frames have the token in their variables, and an error page
            # shows the variables of every frame of every cause.
            raise _unreachable(error) from None

    async def _read(
        self, request: str, status: int, headers: httpx.Headers, content: bytearray
    ) -> Any:
        if not 200 <= status < 300:
            raise await self._failure(request, status, headers, content)
        return responses.read(status, content, headers.get("Content-Type", ""))

    async def _check_stream(self, path: str, response: httpx.Response) -> None:
        if response.is_success:
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            if kind != "text/event-stream":
                raise InvalidResponse("Mobius sent something that is not a stream.")
            return
        try:
            async with asyncio.timeout(self.timeouts.read):
                content = await bounded.read_body(response, self.limits.frame)
        except (TimeoutError, TooLarge):
            content = bytearray()
        raise await self._failure(f"GET {path}", response.status_code, response.headers, content)

    async def _check_shared_limit(self) -> None:
        if self._shared_limit is not None:
            await self._shared_limit.check()

    async def _failure(
        self, request: str, status: int, headers: httpx.Headers, content: bytearray
    ) -> MobiusError:
        after = headers.get("Retry-After")
        error = responses.failure(status, content, after, self._read_refusal)
        error.request = request
        if error.retry_after:
            wait = min(error.retry_after, self.backoff.longest_retry_after)
            self.quiet_until = max(self.quiet_until, time.monotonic() + wait)
        if isinstance(error, RateLimited) and self._shared_limit is not None:
            await self._shared_limit.note(error)
        return error

    def _require_token(self) -> None:
        if not self._auth.usable:
            raise Unauthorized("This is not a token.")


def _kind(method: str, path: str) -> str:
    """Names and IDs alternate in a path."""
    parts = path.split("/")
    parts[2::2] = ["{id}"] * len(parts[2::2])
    return f"{method} {'/'.join(parts)}"


def _unreachable(error: httpx.HTTPError | httpx.InvalidURL) -> MobiusError:
    kind = type(error).__name__
    if isinstance(error, httpx.DecodingError):
        return InvalidResponse(f"Mobius sent a response that cannot be decoded ({kind}).")
    if isinstance(error, httpx.TimeoutException):
        message = "Mobius did not respond in time"
    elif isinstance(error, _NEVER_SENT):
        message = "Mobius can't be reached"
    else:
        message = "The connection to Mobius broke"
    sent = not isinstance(error, _NEVER_SENT)
    return Unreachable(f"{message} ({kind}).", sent=sent, cause=_cause(error))


def _cause(error: BaseException | None) -> Cause:
    """The cause below httpx's error; the errors themselves are not kept."""
    while error is not None:
        match error:
            case ssl.SSLCertVerificationError():
                return _CERTIFICATE_CAUSES.get(error.verify_code, Cause.CERTIFICATE)
            case ssl.SSLError():
                return Cause.TLS
            case socket.gaierror():
                return Cause.HOST
        error = error.__cause__ or error.__context__
    return Cause.UNKNOWN


def is_loopback(base_url: str) -> bool:
    try:
        host = urlsplit(base_url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
