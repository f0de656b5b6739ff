"""The Mobius API, typed: every call that the product makes."""

from collections.abc import AsyncGenerator, Callable
from copy import copy
from typing import Any
from urllib.parse import quote

import httpx

from inbox.mobius import paging, sse
from inbox.mobius.adapters import guide
from inbox.mobius.calls import given, path_of
from inbox.mobius.errors import MobiusError
from inbox.mobius.groups import GroupCalls
from inbox.mobius.pace import Backoff, Timeouts
from inbox.mobius.transport import Bearer, Transport, pooled
from inbox.mobius.types import Event, Interaction, Page, Run, Step


class MobiusClient(GroupCalls):
    """One project of one Mobius, seen with one token.

    Belongs to the event loop that it is first used in. GETs are tried again, nothing else is.
    Every call raises a ``MobiusError`` of ``inbox.mobius.errors`` and nothing else. ``http`` is a
    pool of the caller's, which ``aclose`` leaves open; without it the client makes its own.
    """

    def __init__(
        self,
        *,
        base_url: str,
        project: str,
        token: str,
        http: httpx.AsyncClient | None = None,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        timeouts = timeouts or Timeouts()
        self.base_url = base_url.rstrip("/")
        self.project = project
        self._owned = http is None
        self._http = http or pooled(base_url, timeouts)
        super().__init__(
            Transport(
                root=f"{self.base_url}/v1/projects/{quote(project, safe='')}",
                http=self._http,
                auth=Bearer(token),
                timeouts=timeouts,
                backoff=backoff or Backoff(),
            )
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
        other._transport = self._transport.as_(Bearer(token))
        return other

    async def aclose(self) -> None:
        """Close the pool, if it is the client's own. Open streams end with Unreachable."""
        if self._owned:
            await self._http.aclose()

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
        limit: int = 200,
        cursor: str | None = None,
    ) -> Page[Interaction]:
        """One page, newest first. ``inbox``: what the token's owner sees, not for service keys."""
        query = given(
            status=status,
            run_id=run_id,
            type=type,
            target_type=target_type,
            target_id=target_id,
            inbox="true" if inbox else None,
            limit=limit,
            cursor=cursor,
        )
        return await self._page("/interactions", query, guide.read_interaction)

    def walk_interactions(self, **filters: Any) -> AsyncGenerator[Interaction, None]:
        """All pages of ``interactions``, item by item."""
        return paging.walk(self.interactions, **filters)

    async def interaction(self, id: str) -> Interaction:
        """One interaction as it is now."""
        return paging.one(
            guide.read_interaction, await self._transport.get(path_of("/interactions", id))
        )

    async def create_interaction(self, body: dict[str, Any]) -> Interaction:
        """Ask something; ``body`` as the API has it."""
        answer = await self._transport.send("POST", "/interactions", json=body)
        return paging.one(guide.read_interaction, answer)

    async def respond(self, id: str, *, value: Any, comment: str | None = None) -> Interaction:
        """Answer as the token's owner; the interaction as it is after that."""
        body = {"value": value} if comment is None else {"value": value, "comment": comment}
        answer = await self._transport.send(
            "POST", path_of("/interactions", id) + "/respond", json=body
        )
        return paging.one(guide.read_interaction, answer)

    async def claim(self, id: str) -> Interaction:
        """Hold a first-responder item for the token's owner."""
        return paging.one(
            guide.read_interaction,
            await self._transport.send("POST", path_of("/interactions", id) + "/claim"),
        )

    async def release(self, id: str) -> Interaction:
        """Let it go again."""
        return paging.one(
            guide.read_interaction,
            await self._transport.send("POST", path_of("/interactions", id) + "/release"),
        )

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
        body = given(
            spec=spec, inputs=inputs, metadata=metadata, queue=queue, external_id=external_id
        )
        return paging.one(guide.read_run, await self._transport.send("POST", "/runs", json=body))

    async def runs(
        self,
        *,
        status: str | None = None,
        workflow: str | None = None,
        queue: str | None = None,
        external_id: str | None = None,
        limit: int = 200,
        cursor: str | None = None,
    ) -> Page[Run]:
        """One page, newest first."""
        query = given(
            status=status,
            workflow_type=workflow,
            queue=queue,
            external_id=external_id,
            limit=limit,
            cursor=cursor,
        )
        return await self._page("/runs", query, guide.read_run)

    def walk_runs(self, **filters: Any) -> AsyncGenerator[Run, None]:
        """All pages of ``runs``, item by item."""
        return paging.walk(self.runs, **filters)

    async def run(self, id: str) -> Run:
        """One run as it is now, with its plan."""
        return paging.one(guide.read_run, await self._transport.get(path_of("/runs", id)))

    async def steps(self, run_id: str) -> tuple[Step, ...]:
        """All step rows of a run, in order."""
        path = path_of("/runs", run_id) + "/steps"
        return await self._all(path, guide.read_step, limit=200)

    async def signal(self, run_id: str, *, name: str, payload: dict[str, Any] | None = None) -> str:
        """Send a signal past the interaction layer; the signal's id."""
        path = path_of("/runs", run_id) + "/signals"
        answer = await self._transport.send("POST", path, json=given(name=name, payload=payload))
        return str(answer.get("id", "")) if isinstance(answer, dict) else ""

    async def cancel_run(self, run_id: str) -> None:
        """End a run; one that is over stays as it is."""
        await self._transport.send("POST", path_of("/runs", run_id) + "/cancellations")

    def events(
        self,
        *,
        since: int | None = None,
        run_id: str | None = None,
        on_break: Callable[[MobiusError], None] | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Endless: the project's events after ``since`` (None: from now), or one run's.

        A broken connection is told to ``on_break`` and made again where it broke off. Every
        connection of a project's stream yields an ``EventKind.CURSOR`` event first: the stream is
        open, and a list that is read from now on misses nothing. Its ``seq`` is 0 where upstream
        does not say where it stands. A run's stream begins with the run as it is, not logged.
        Close it (``contextlib.aclosing``) to end the connection at once.
        """
        path = "/runs/events" if run_id is None else path_of("/runs", run_id) + "/events"
        return sse.Stream(
            self._transport, run_id=run_id, since=since, path=path, on_break=on_break
        ).events()
