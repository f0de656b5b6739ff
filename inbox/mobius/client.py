"""The Mobius API, typed: every call that the product makes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import nullcontext
from copy import copy
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from inbox.mobius import bounded, paging, sse
from inbox.mobius.adapters import Adapter, Call, UnreadableError, choose
from inbox.mobius.bounded import Limits
from inbox.mobius.errors import MobiusError, Nonsense, Rejected, TooLarge, WebPage
from inbox.mobius.lists import Lists, is_about_parameters
from inbox.mobius.pace import Backoff, Timeouts
from inbox.mobius.transport import Bearer, Transport, Waiting, pooled
from inbox.mobius.types import (
    Event,
    Group,
    GroupMember,
    Interaction,
    InteractionStatus,
    Page,
    Person,
    PolicyKind,
    Run,
    Step,
)

T = TypeVar("T")

PAGE_SIZE = 200
MOST_STREAMS = 200
"""Connections that streams may take: more than are ever followed."""


class MobiusClient:
    """One project of one Mobius, seen with one token and spoken to through an ``Adapter``.

    Belongs to the event loop that it is first used in. GETs are tried again, nothing else is.
    Every call raises a ``MobiusError`` of ``inbox.mobius.errors`` and nothing else. ``http`` is a
    pool of the caller's, which ``aclose`` leaves open; without it the client makes its own.
    Each call is awaited inside the context that ``waiting`` gives.
    """

    def __init__(
        self,
        *,
        base_url: str,
        project: str,
        token: str,
        adapter: Adapter | None = None,
        http: httpx.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
        limits: Limits | None = None,
        waiting: Waiting = nullcontext,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self.base_url = base_url.rstrip("/")
        self.project = project
        self._adapter = adapter or choose()
        self.lists = Lists()
        self._owned = http is None
        self._http = http or pooled(base_url, timeouts)
        self._streams = http or pooled(base_url, timeouts, most=MOST_STREAMS)
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
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.project} at {self.base_url}>"

    async def __aenter__(self) -> "MobiusClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def acting_as(self, token: str) -> "MobiusClient":
        """The same project and pool, seen with another token. Needs no closing."""
        other = copy(self)
        other._owned = False
        # What a list refuses one token says nothing of the others.
        other.lists = Lists()
        other._transport = self._transport.as_(Bearer(token))
        return other

    @property
    def quiet_until(self) -> float:
        """When, by the monotonic clock, ``Retry-After`` allows what can wait."""
        return self._transport.quiet_until

    async def aclose(self) -> None:
        """Close the pool, if it is the client's own. Open streams end with Unreachable."""
        if self._owned:
            await self._http.aclose()
            await self._streams.aclose()

    # Interactions

    async def interactions(
        self,
        *,
        status: str | None = None,
        run_id: str | None = None,
        type: str | None = None,
        target_type: str | None = None,
        target_id: str | None = None,
        inbox: bool = False,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Interaction]:
        """One page, newest first. ``inbox``: what the token's owner sees, not for service keys."""
        return await self._page(
            self._adapter.interactions,
            status=status,
            run_id=run_id,
            type=type,
            target_type=target_type,
            target_id=target_id,
            inbox=inbox,
            limit=limit,
            cursor=cursor,
        )

    async def newest_pending(self, etag: str | None) -> tuple[Page[Interaction], str | None] | None:
        """The newest page of what is open, and its ``ETag``; None where it is as at ``etag``.

        One request where the list takes it as it is asked.
        """
        size = next(self.lists.sizes("interactions", PAGE_SIZE))
        call = self._adapter.interactions(status=InteractionStatus.PENDING, limit=size)
        try:
            answer = await self._transport.get_if_changed(call.path, call.query, etag)
        except (Rejected, TooLarge):
            return await self.interactions(status=InteractionStatus.PENDING), None
        self.lists.took("interactions", InteractionStatus.PENDING)
        if answer is None:
            return None
        return _understood(call, answer[0]), answer[1]

    def walk_interactions(self, **filters: Any) -> AsyncGenerator[Interaction, None]:
        """All pages of ``interactions``, item by item."""
        return paging.walk(self.interactions, **filters)

    async def interaction(self, id: str, *, retry: bool = True) -> Interaction:
        """One interaction as it is now; without ``retry`` in a single request."""
        call = self._adapter.interaction(id)
        return await (self._read(call) if retry else self._send(call))

    async def create_interaction(self, body: dict[str, Any]) -> Interaction:
        """Ask something; ``body`` as the API has it."""
        return await self._send(self._adapter.create_interaction(body))

    async def respond(
        self, id: str, *, value: Any, comment: str | None = None
    ) -> Interaction | None:
        """Answer as the token's owner; the interaction as it is after that.

        None where upstream took the answer and did not show the interaction. Raises ``WebPage``
        where HTML came back: a proxy may have kept the answer from upstream.
        """
        call = self._adapter.respond(id, value=value, comment=comment)
        try:
            told = call.read(
                await self._transport.send(call.method, call.path, query=call.query, json=call.json)
            )
        except UnreadableError:
            return None
        except WebPage:
            raise
        except Nonsense as error:
            if error.status is not None and error.status < HTTPStatus.MULTIPLE_CHOICES:
                return None
            raise
        return told if told.id == id else None

    async def claim(self, id: str) -> Interaction:
        """Hold a first-responder item for the token's owner."""
        return await self._send(self._adapter.claim(id))

    async def release(self, id: str) -> Interaction:
        """Let it go again."""
        return await self._send(self._adapter.release(id))

    # Runs

    async def start_run(
        self,
        *,
        spec: dict[str, Any],
        inputs: dict[str, Any] | None = None,
        metadata: dict[str, str] | None = None,
        queue: str | None = None,
        external_id: str | None = None,
    ) -> Run:
        """Start a run of ``spec``; it is queued when this returns."""
        call = self._adapter.start_run(
            spec=spec, inputs=inputs, metadata=metadata, queue=queue, external_id=external_id
        )
        return await self._send(call)

    async def runs(
        self,
        *,
        status: str | None = None,
        workflow: str | None = None,
        queue: str | None = None,
        external_id: str | None = None,
        limit: int = PAGE_SIZE,
        cursor: str | None = None,
    ) -> Page[Run]:
        """One page, newest first."""
        return await self._page(
            self._adapter.runs,
            status=status,
            workflow=workflow,
            queue=queue,
            external_id=external_id,
            limit=limit,
            cursor=cursor,
        )

    def walk_runs(self, **filters: Any) -> AsyncGenerator[Run, None]:
        """All pages of ``runs``, item by item."""
        return paging.walk(self.runs, **filters)

    async def run(self, id: str) -> Run:
        """One run as it is now, with its plan."""
        return await self._read(self._adapter.run(id))

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        """All step rows of a run, in order."""
        return await self._all(self._adapter.steps, run_id)

    async def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None = None) -> str:
        """Send a signal past the interaction layer; the signal's id."""
        return await self._send(self._adapter.signal(run_id, name=name, payload=payload))

    async def cancel_run(self, run_id: str) -> None:
        """End a run; one that is over stays as it is."""
        await self._send(self._adapter.cancel_run(run_id))

    def events(
        self,
        *,
        since: int | None = None,
        run_id: str | None = None,
        on_break: Callable[[MobiusError], None] | None = None,
        marks: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """Endless: the project's events after ``since`` (None: from now), or one run's.

        A broken connection is told to ``on_break`` and made again where it broke off. Every
        connection of a project's stream yields an ``EventKind.CURSOR`` event first: the stream is
        open, and a list that is read from now on misses nothing. Its ``seq`` is 0 where upstream
        does not say where it stands. ``marks``: each connection of a run's stream does so too. A
        run's stream may begin with the run as it is, not logged.
        Close it (``contextlib.aclosing``) to end the connection at once.
        """
        return sse.Stream(
            self._transport,
            self._adapter,
            run_id=run_id,
            since=since,
            on_break=on_break,
            marks=marks,
        ).events()

    async def open_events(self, run_id: str | None = None) -> None:
        """Open a stream and close it again, to learn whether upstream has it."""
        path, patience = self._adapter.events(run_id), self._transport.timeouts.stream
        async with self._transport.stream(path, query={}, headers={}, patience=patience):
            return

    # Groups and people

    async def groups(self, cursor: str | None = None, limit: int = PAGE_SIZE) -> Page[Group]:
        """One page, newest first."""
        return await self._page(self._adapter.groups, limit=limit, cursor=cursor)

    def walk_groups(self) -> AsyncGenerator[Group, None]:
        """All groups."""
        return paging.walk(self.groups)

    async def group(self, group: str) -> Group:
        """One group, by id or handle."""
        return await self._read(self._adapter.group(group))

    async def create_group(
        self,
        *,
        name: str,
        handle: str | None = None,
        description: str | None = None,
        routing: PolicyKind = PolicyKind.ANY,
    ) -> Group:
        """A new group without members. Without a handle upstream makes one of the name."""
        call = self._adapter.create_group(
            name=name, handle=handle, description=description, routing=routing
        )
        return await self._send(call)

    async def update_group(
        self,
        group: str,
        *,
        name: str | None = None,
        description: str | None = None,
        routing: PolicyKind | None = None,
    ) -> Group:
        """Change what is given; open interactions keep what they were asked with."""
        call = self._adapter.update_group(
            group, name=name, description=description, routing=routing
        )
        return await self._send(call)

    async def members(self, group: str) -> tuple[GroupMember, ...]:
        """All members of a group now."""
        return await self._all(self._adapter.members, group)

    async def add_member(self, group: str, user_id: str) -> GroupMember:
        """Put a person into a group."""
        return await self._send(self._adapter.add_member(group, user_id))

    async def remove_member(self, group: str, user_id: str) -> None:
        """Take a person out of a group."""
        await self._send(self._adapter.remove_member(group, user_id))

    async def groups_of(self, user_id: str) -> tuple[Group, ...]:
        """The groups that a person is in."""
        return await self._all(self._adapter.groups_of, user_id)

    async def me(self) -> Person:
        """Whose member token this is. NotFound where upstream has no such call."""
        return await self._read(self._adapter.me())

    # What they share

    async def _read(self, call: Call[T]) -> T:
        """Send a GET, again after what may pass."""
        return _understood(call, await self._transport.get(call.path, call.query))

    async def _send(self, call: Call[T]) -> T:
        """Send once, whatever happens."""
        answer = await self._transport.send(
            call.method, call.path, query=call.query, json=call.json
        )
        return _understood(call, answer)

    async def _page(
        self, page: Callable[..., Call[Page[T]]], *args: str, limit: int, **filters: Any
    ) -> Page[T]:
        """One page; one that is too large is asked for again with half its ``limit``.

        A single record that is too large is left out, and named in the page. Where a ``limit`` is
        refused, a smaller one is tried, then none.
        """
        here = await self._page_within(page, *args, limit=limit, **filters)
        if here is not None:
            return here
        while here is None:
            limit = max(1, limit // 2)
            here = await self._page_within(page, *args, limit=limit, **filters)
        bounded.release_memory()
        return here

    async def _page_within(
        self, page: Callable[..., Call[Page[T]]], *args: str, limit: int, **filters: Any
    ) -> Page[T] | None:
        """None where the page is too large and can be asked for in smaller ones."""
        name = page.__name__
        # What is refused of the whole list may be known of one run's.
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
            self.lists.accepted(name, size, asked=limit)
            self.lists.took(name, status)
            return _understood(call, answer)
        assert refused is not None  # noqa: S101  there is always a size to try
        if filters.get("cursor") is None:
            self.lists.refuse(name, status, refused)
        raise refused

    async def _all(self, page: Callable[..., Call[Page[T]]], of: str) -> tuple[T, ...]:
        async def one(cursor: str | None) -> Page[T]:
            return await self._page(page, of, limit=PAGE_SIZE, cursor=cursor)

        return tuple([item async for item in paging.walk(one, whole=True)])


def _understood(call: Call[T], answer: Any) -> T:
    try:
        return call.read(answer)
    except UnreadableError as error:
        raise Nonsense(f"Mobius answered with {error}.") from None
