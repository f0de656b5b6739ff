"""The Mobius API, typed: every call that the product makes."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, nullcontext
from copy import copy
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from inbox.mobius import bounded, sse
from inbox.mobius.adapters import ADAPTERS, Call, UnreadableError
from inbox.mobius.bounded import Limits
from inbox.mobius.errors import (
    InvalidResponse,
    MobiusError,
    NotFound,
    OtherApi,
    Rejected,
    TooLarge,
    WebPage,
)
from inbox.mobius.generations import Found, find_generation, is_later
from inbox.mobius.lists import Lists, is_about_parameters, walk
from inbox.mobius.timing import Backoff, Timeouts
from inbox.mobius.transport import (
    Bearer,
    MoreHeaders,
    Observe,
    SharedLimit,
    Transport,
    Waiting,
    pooled,
    unobserved,
)
from inbox.mobius.types import (
    DeviceCode,
    DeviceToken,
    Event,
    Generation,
    Group,
    GroupMember,
    Interaction,
    InteractionStatus,
    Page,
    Person,
    PolicyKind,
    QuestionAnswer,
    Run,
    Step,
)

T = TypeVar("T")

PAGE_SIZE = 200
MAX_STREAMS = 200
"""Connections for streams: more than are ever followed."""


class MobiusClient:
    """A client for one project, with one token. Only GETs are retried.

    It belongs to the event loop that it is first used in. Every call raises ``MobiusError`` and
    nothing else.

    Args:
        http: the caller's connection pool, which ``aclose`` leaves open.
        waiting: a context manager to await each call in.
        observe: called after each call, with the call, its result and its seconds.
    """

    def __init__(
        self,
        *,
        base_url: str,
        project: str,
        token: str,
        generation: Generation = Generation.A,
        http: httpx.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
        limits: Limits | None = None,
        waiting: Waiting = nullcontext,
        more_headers: MoreHeaders = dict,
        observe: Observe = unobserved,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self.base_url = base_url.rstrip("/")
        self.project = project
        self.generation = generation
        self._adapter = ADAPTERS[generation]
        self.lists = Lists()
        self._owned = http is None
        self._http = http or pooled(base_url, timeouts)
        self._streams = http or pooled(base_url, timeouts, max_connections=MAX_STREAMS)
        self._transport = Transport(
            root=self._adapter.root(self.base_url, project),
            http=self._http,
            streams=self._streams,
            auth=Bearer(token),
            timeouts=timeouts,
            backoff=backoff or Backoff(),
            limits=limits or Limits(),
            read_refusal=self._adapter.read_refusal,
            waiting=waiting,
            more_headers=more_headers,
            observe=observe,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.project} at {self.base_url}>"

    async def __aenter__(self) -> "MobiusClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def acting_as(self, token: str) -> "MobiusClient":
        """Shares the pool. Needs no closing."""
        other = copy(self)
        other._owned = False
        # What a list refuses to one token, it may accept from others.
        other.lists = Lists()
        other._transport = self._transport.with_auth(Bearer(token))
        return other

    def sharing(self, limit: SharedLimit) -> "MobiusClient":
        """Shares the pool. Needs no closing."""
        other = copy(self)
        other._owned = False
        other._transport = self._transport.with_shared_limit(limit)
        return other

    @property
    def quiet_until(self) -> float:
        """Monotonic time until which ``Retry-After`` asks to postpone what can wait."""
        return self._transport.quiet_until

    @property
    def clock_offset(self) -> timedelta | None:
        """Upstream's time minus ours, to a second; None if no response had a time."""
        return self._transport.clock_offset

    async def aclose(self) -> None:
        """Open streams end with Unreachable."""
        if self._owned:
            await self._http.aclose()
            await self._streams.aclose()

    async def find_generation(self) -> Found:
        """Raises MobiusError if the responses say nothing about it."""
        return await find_generation(self._transport, self.base_url, self.project)

    # Interactions

    async def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Interaction]:
        """Newest first. Raises OtherApi if it is of another generation of the API."""
        async with self._check_api():
            return await self._page(
                self._adapter.interactions, status=status, run_id=run_id, limit=limit, cursor=cursor
            )

    async def newest_pending(self, etag: str | None) -> tuple[Page[Interaction], str | None] | None:
        """None if ``etag`` still matches.

        One request, if the list accepts its parameters.
        """
        size = next(self.lists.sizes("interactions", PAGE_SIZE))
        call = self._adapter.interactions(status=InteractionStatus.PENDING, limit=size)
        try:
            async with self._check_api():
                answer = await self._transport.get_if_changed(call.path, call.query, etag)
        except (Rejected, TooLarge):
            return await self.interactions(status=InteractionStatus.PENDING), None
        self.lists.took("interactions", InteractionStatus.PENDING)
        if answer is None:
            return None
        return self._read_response(call, answer[0]), answer[1]

    async def interaction(self, id: str, *, retry: bool = True) -> Interaction:
        call = self._adapter.interaction(id)
        return await (self._read(call) if retry else self._send(call))

    async def create_interaction(self, body: dict[str, Any]) -> Interaction:
        return await self._send(self._adapter.create_interaction(body))

    async def respond(
        self,
        id: str,
        *,
        raw: dict[str, Any],
        answers: Sequence[QuestionAnswer],
        comment: str | None = None,
    ) -> Interaction | None:
        """Answer as the token's owner. None if upstream returned no interaction.

        ``raw`` is the interaction as upstream sent it (``Interaction.raw``).

        Raises ``WebPage`` for HTML: a proxy may not have passed the answer on.
        """
        call = self._adapter.respond(id, raw=raw, answers=answers, comment=comment)
        try:
            interaction = call.read(
                await self._transport.send(call.method, call.path, query=call.query, json=call.json)
            )
        except UnreadableError:
            return None
        except WebPage:
            raise
        except InvalidResponse as error:
            if error.status is not None and error.status < HTTPStatus.MULTIPLE_CHOICES:
                return None
            raise
        return interaction if interaction.id == id else None

    async def claim(self, id: str) -> Interaction:
        return await self._send(self._adapter.claim(id))

    async def release(self, id: str) -> Interaction:
        return await self._send(self._adapter.release(id))

    async def review(self, id: str, *, action: str, comment: str | None = None) -> Interaction:
        return await self._send(self._adapter.review(id, action=action, comment=comment))

    async def cancel_interaction(self, id: str, *, reason: str) -> None:
        await self._send(self._adapter.cancel_interaction(id, reason=reason))

    # Runs

    async def start_run(
        self,
        *,
        spec: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> Run:
        return await self._send(
            self._adapter.start_run(spec=spec, inputs=inputs, metadata=metadata)
        )

    async def runs(
        self, *, status: str | None = None, limit: int = PAGE_SIZE, cursor: str | None = None
    ) -> Page[Run]:
        return await self._page(self._adapter.runs, status=status, limit=limit, cursor=cursor)

    async def run(self, id: str) -> Run:
        return await self._read(self._adapter.run(id))

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        return await self._all(self._adapter.steps, run_id)

    async def log(self, run_id: str) -> tuple[Event, ...]:
        """A run's whole log. Raises NotFound if upstream only has streams of it."""
        return await self._all(self._adapter.log, run_id)

    async def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None = None) -> str:
        """Bypasses interactions. Returns the signal's id."""
        return await self._send(self._adapter.signal(run_id, name=name, payload=payload))

    async def cancel_run(self, run_id: str) -> None:
        await self._send(self._adapter.cancel_run(run_id))

    async def retry_run(self, run_id: str) -> Run:
        return await self._send(self._adapter.retry_run(run_id))

    def events(
        self,
        *,
        since: int | None = None,
        run_id: str | None = None,
        on_break: Callable[[MobiusError], None] | None = None,
        cursor_events: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """The events of the project, or of one run, after ``since`` (None: from now). Never ends.

        After a broken connection, ``on_break`` is called and the stream resumed. Every connection
        of a project's stream, and with ``cursor_events`` of a run's, first yields an
        ``EventKind.CURSOR`` event: a list that is read from now on misses nothing. Its position is
        ``assumed`` if upstream does not tell it. A run's stream may begin with the current run, not
        logged. Close it (``contextlib.aclosing``) to end the connection.
        """
        return sse.Stream(
            self._transport,
            self._adapter,
            run_id=run_id,
            since=since,
            on_break=on_break,
            cursor_events=cursor_events,
        ).events()

    async def open_run_events(self, run_id: str) -> None:
        """Find out if upstream has the stream."""
        path, timeout = self._adapter.events(run_id), self._transport.timeouts.stream
        async with self._transport.stream(path, query={}, headers={}, timeout=timeout):
            return

    async def open_project_events(self) -> None:
        """Raises Ended if the stream closes without a frame."""

        def give_up(error: MobiusError) -> None:
            raise error

        async with aclosing(self.events(on_break=give_up)) as events:
            await anext(events)

    # Groups and people

    async def groups(self, cursor: str | None = None, limit: int = PAGE_SIZE) -> Page[Group]:
        return await self._page(self._adapter.groups, limit=limit, cursor=cursor)

    async def update_group(self, group: str, *, routing: PolicyKind) -> Group:
        """Open interactions keep their policy."""
        return await self._send(self._adapter.update_group(group, routing=routing))

    async def members(self, group: str) -> tuple[GroupMember, ...]:
        return await self._all(self._adapter.members, group)

    async def add_member(self, group: str, user_id: str) -> GroupMember:
        return await self._send(self._adapter.add_member(group, user_id))

    async def remove_member(self, group: str, user_id: str) -> None:
        await self._send(self._adapter.remove_member(group, user_id))

    async def me(self) -> Person | None:
        """The token's owner, None if upstream doesn't say. Raises NotFound without such a call."""
        return await self._read(self._adapter.me())

    async def machines(self, cursor: str | None = None, limit: int = PAGE_SIZE) -> Page[Person]:
        return await self._page(self._adapter.machines, limit=limit, cursor=cursor)

    # Signing in by device flow

    async def device_code(self) -> DeviceCode:
        """Begin a sign-in to the project. Raises NotFound if upstream has none."""
        return await self._send(self._adapter.device_code(self.project))

    async def device_token(self, code: SecretStr) -> DeviceToken:
        """The token, once the person has approved. Until then and after a refusal it raises an
        error with OAuth's ``code``, such as ``authorization_pending``.
        """
        return await self._send(self._adapter.device_token(code.get_secret_value()))

    async def revoke_credential(self, credential_id: str) -> None:
        """Revoke the token that this client has."""
        await self._send(self._adapter.revoke_credential(credential_id))

    # What they share

    @asynccontextmanager
    async def _check_api(self) -> AsyncGenerator[None, None]:
        """Raises OtherApi if the list of questions is missing because it has another path."""
        try:
            yield
        except NotFound as missing:
            try:
                found = await self.find_generation()
            except MobiusError:
                raise missing from None
            if found.generation is self.generation:
                raise
            raise OtherApi(found.generation) from None

    async def _read(self, call: Call[T]) -> T:
        return self._read_response(call, await self._for(call).get(call.path, call.query))

    async def _send(self, call: Call[T]) -> T:
        answer = await self._for(call).send(
            call.method, call.path, query=call.query, json=call.json, form=call.form
        )
        return self._read_response(call, answer)

    def _for(self, call: Call[T]) -> Transport:
        transport = self._transport
        if call.of_server:
            transport = transport.with_root(f"{self.base_url}/v1")
        return transport if call.form is None else transport.for_oauth()

    async def _page(
        self, page: Callable[..., Call[Page[T]]], *args: str, limit: int, **filters: Any
    ) -> Page[T]:
        """A page that is too large is requested again with half the ``limit``.

        A single record that is too large is left out and named in the page. If a ``limit`` is
        refused, a smaller one is tried, then none.
        """
        result = await self._page_within(page, *args, limit=limit, **filters)
        if result is not None:
            return result
        while result is None:
            limit = max(1, limit // 2)
            result = await self._page_within(page, *args, limit=limit, **filters)
        bounded.release_memory()
        return result

    async def _page_within(
        self, page: Callable[..., Call[Page[T]]], *args: str, limit: int, **filters: Any
    ) -> Page[T] | None:
        """None if the page is too large and smaller ones can be requested."""
        name = page.__name__
        # A status that the project's list refuses may be known to that of a run.
        status = None if filters.get("run_id") else filters.get("status")
        self.lists.check(name, status)
        refused: Rejected | None = None
        for size in self.lists.sizes(name, limit):
            call = page(*args, limit=size, **filters)
            single = size == 1
            try:
                answer = await self._transport.get(call.path, call.query, to_the_end=single)
            except TooLarge as error:
                if size is None:
                    raise
                return self._adapter.page_without(error, call.path) if single else None
            except Rejected as error:
                if not is_about_parameters(error):
                    raise
                refused = error
                continue
            self.lists.accepted(name, size, requested=limit)
            self.lists.took(name, status)
            return self._read_response(call, answer)
        assert refused is not None  # nosec B101 # noqa: S101  there is always a size to try
        if filters.get("cursor") is None:
            self.lists.refuse(name, status, refused)
        raise refused

    async def _all(self, page: Callable[..., Call[Page[T]]], owner_id: str) -> tuple[T, ...]:
        async def read_page(cursor: str | None) -> Page[T]:
            return await self._page(page, owner_id, limit=PAGE_SIZE, cursor=cursor)

        return tuple([item async for item in walk(read_page, complete=True)])

    def _read_response(self, call: Call[T], answer: Any) -> T:
        if self.generation is Generation.A and is_later(answer):
            raise OtherApi(Generation.B)
        try:
            return call.read(answer)
        except UnreadableError as error:
            raise InvalidResponse(f"Mobius returned {error}.") from None
