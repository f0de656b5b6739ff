"""Requests to Mobius: time-outs, retries of what may be repeated, and errors in our words."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping
from contextlib import aclosing, asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx
import httpx_sse
from pydantic import SecretStr

from inbox.mobius import answer, body
from inbox.mobius.errors import (
    MobiusError,
    Nonsense,
    RateLimited,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.pace import Backoff, Timeouts

_LARGEST_ANSWER = 256 * 1024 * 1024
_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
# Shorter than the five seconds after which common servers close an idle connection: a POST that
# meets the close could not be told from one that arrived.
_IDLE_SECONDS = 3.0

Query = Mapping[str, str | int]


class Bearer(httpx.Auth):
    """Adds the token to a request at the last moment, and shows it nowhere."""

    def __init__(self, token: str) -> None:
        self._token = SecretStr(token)

    @property
    def usable(self) -> bool:
        """The token can be sent in a header at all."""
        token = self._token.get_secret_value()
        return bool(token) and token.isascii() and token.isprintable() and " " not in token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Called by httpx for each request."""
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


def pooled(base_url: str, timeouts: Timeouts) -> httpx.AsyncClient:
    """A new connection pool, without cookies; loopback is never reached through a proxy."""
    # People share the pool: a cookie given to one of them must not go out with another's token.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(
        cookies=no_cookies,
        timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.connect),
        limits=httpx.Limits(
            max_connections=100, max_keepalive_connections=20, keepalive_expiry=_IDLE_SECONDS
        ),
        trust_env=not _loopback(base_url),
        follow_redirects=False,
    )


class Transport:
    """Sends to one project. Raises ``MobiusError`` and nothing else."""

    def __init__(
        self,
        *,
        root: str,
        http: httpx.AsyncClient,
        auth: Bearer,
        timeouts: Timeouts,
        backoff: Backoff,
    ) -> None:
        self.root = root
        self.timeouts = timeouts
        self.backoff = backoff
        self._http = http
        self._auth = auth

    def as_(self, auth: Bearer) -> "Transport":
        """The same pool, another token."""
        return Transport(
            root=self.root,
            http=self._http,
            auth=auth,
            timeouts=self.timeouts,
            backoff=self.backoff,
        )

    async def get(self, path: str, query: Query | None = None) -> Any:
        """The JSON at ``path``. Tried again after what may pass: it changes nothing upstream."""
        began = time.monotonic()
        failures = 0
        while True:
            try:
                return await self.send("GET", path, query=query)
            except (Unreachable, Unavailable, RateLimited) as error:
                failures += 1
                wait = self.backoff.delay(failures, error.retry_after)
                spent = time.monotonic() - began
                if failures >= self.backoff.attempts or spent + wait > self.backoff.patience:
                    raise
            await asyncio.sleep(wait)

    async def send(
        self, method: str, path: str, *, query: Query | None = None, json: Any = None
    ) -> Any:
        """One request, once. The JSON of its answer, None where it has no body."""
        try:
            async with asyncio.timeout(self.timeouts.total):
                status, headers, content = await self._exchange(method, path, query, json)
        except TimeoutError:
            raise Unreachable("Mobius took too long to answer.", sent=True) from None
        if not 200 <= status < 300:
            raise answer.failure(status, content, headers.get("Retry-After"))
        return answer.read(status, content)

    @asynccontextmanager
    async def stream(
        self, path: str, *, query: Query, headers: Mapping[str, str]
    ) -> AsyncIterator[AsyncIterator[httpx_sse.ServerSentEvent]]:
        """Open an event stream; entering returns once upstream has accepted it.

        A silence of ``timeouts.stream`` raises Unreachable; so does the end of the stream.
        """
        self._require_token()
        silence = httpx.Timeout(
            self.timeouts.stream, connect=self.timeouts.connect, pool=self.timeouts.connect
        )
        try:
            async with httpx_sse.aconnect_sse(
                self._http,
                "GET",
                self.root + path,
                params=dict(query),
                headers=dict(headers),
                auth=self._auth,
                timeout=silence,
            ) as source:
                await self._check_stream(source.response)
                async with aclosing(_until_end(source)) as frames:
                    yield frames
        except httpx_sse.SSEError:
            raise Nonsense("Mobius answered with something that is not a stream.") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error) from None

    async def _exchange(
        self, method: str, path: str, query: Query | None, json: Any
    ) -> tuple[int, httpx.Headers, bytes]:
        self._require_token()
        headers = {"Accept": "application/json"}
        if json is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._http.stream(
                method,
                self.root + path,
                params=dict(query) if query else None,
                content=None if json is None else body.dumps(json),
                headers=headers,
                auth=self._auth,
            ) as response:
                return response.status_code, response.headers, await _whole(response)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # Without its cause: the frames below ours hold the token in their variables, and an
            # error page shows the variables of every frame of every cause.
            raise _unreachable(error) from None

    async def _check_stream(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        try:
            async with asyncio.timeout(self.timeouts.read):
                content = await _whole(response)
        except TimeoutError:
            content = b""
        raise answer.failure(response.status_code, content, response.headers.get("Retry-After"))

    def _require_token(self) -> None:
        if not self._auth.usable:
            raise Unauthorized("This is not a token.")


async def _until_end(
    source: httpx_sse.EventSource,
) -> AsyncGenerator[httpx_sse.ServerSentEvent, None]:
    async with aclosing(source.aiter_sse()) as frames:
        async for frame in frames:
            yield frame
    raise Unreachable("Mobius ended the stream.", sent=True)


async def _whole(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise Nonsense(
                "Mobius answered with more than can be read.", status=response.status_code
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _unreachable(error: httpx.HTTPError | httpx.InvalidURL) -> MobiusError:
    kind = type(error).__name__
    if isinstance(error, httpx.DecodingError):
        return Nonsense(f"Mobius answered with a body that cannot be decoded ({kind}).")
    if isinstance(error, httpx.TimeoutException):
        said = "Mobius did not answer in time"
    elif isinstance(error, _NEVER_LEFT):
        said = "Mobius cannot be reached"
    else:
        said = "The connection to Mobius broke"
    return Unreachable(f"{said} ({kind}).", sent=not isinstance(error, _NEVER_LEFT))


def _loopback(base_url: str) -> bool:
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
