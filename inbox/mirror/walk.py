"""Reading upstream's lists: what is open, what the mirror holds open, what closed lately."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

from inbox.mirror.history import is_forgotten
from inbox.mirror.readings import Gone, Reading
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import Nonsense, NotFound
from inbox.mobius.types import Interaction, InteractionStatus, Page, Run, RunStatus
from inbox.models import Interaction as InteractionRow
from inbox.models import Run as RunRow

T = TypeVar("T", Interaction, Run)
Take = Callable[[Sequence[T], int], Awaitable[bool]]

UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUSPENDED)
FINISHED = (RunStatus.COMPLETED, RunStatus.FAILED)
CLOSED = (InteractionStatus.COMPLETED, InteractionStatus.EXPIRED)
AT_ONCE = 8
"""Reads by id that are under way at one time."""
AT_A_TIME = 400
"""Items of a list that are written in one transaction."""


class Walk:
    """One walk. ``heard`` tells the newest seq that the project's stream has brought by now.

    The stream is open before the walk begins, so that what changes behind its back is heard.
    """

    def __init__(self, client: MobiusClient, store: Store, heard: Callable[[], int]) -> None:
        self._client = client
        self._store = store
        self._heard = heard
        self._brought: set[str] = set()

    async def run(self) -> None:
        """Walk to the end. Raises MobiusError; what was read until then is in the mirror."""
        seeding = self._store.upstream.seeded_at is None
        runs = await self._store.open_runs()
        interactions = await self._store.open_interactions()
        for status in UNFINISHED:
            await self._read(self._client.runs, self._take, status=status)
        await self._read(self._client.interactions, self._take, status=InteractionStatus.PENDING)
        await self._read_closed(seeding)
        still = await self._store.open_runs() & runs
        await self._read_each(still - self._brought, self._run)
        await self._read_each(await self._store.unread_runs(), self._run)
        still = await self._store.open_interactions() & interactions
        await self._read_each(still - self._brought, self._interaction)
        await self._store.walked()

    async def _read_closed(self, seeding: bool) -> None:
        for status in FINISHED:
            await self._read_new(self._client.runs, RunRow, seeding, status=status)
        for state in CLOSED:
            await self._read_new(self._client.interactions, InteractionRow, seeding, status=state)

    async def _take(self, items: Sequence[Interaction | Run], heard: int) -> bool:
        self._brought.update(item.id for item in items)
        await self._store.apply(items, heard=heard)
        return True

    async def _read_new(
        self,
        call: Callable[..., Awaitable[Page[T]]],
        model: type[InteractionRow | RunRow],
        seeding: bool,
        **filters: Any,
    ) -> None:
        """What is over, newest first, until a page brings nothing new; at first all of it.

        Written oldest first: a walk that breaks off leaves no hole below what it has read.
        """
        if seeding:
            await self._read(call, self._take, **filters)
            return
        unread: list[tuple[Sequence[T], int]] = []

        async def collect(items: Sequence[T], heard: int) -> bool:
            known = await self._store.known(model, [item.id for item in items])
            unread.append((items, heard))
            before = self._store.upstream.pruned_before
            return not all(
                known.get(item.id, False) or is_forgotten(item, before) for item in items
            )

        await self._read(call, collect, eager=False, **filters)
        for items, heard in reversed(unread):
            await self._take(items, heard)

    async def _read(
        self,
        call: Callable[..., Awaitable[Page[T]]],
        take: Take[T],
        *,
        eager: bool = True,
        **filters: Any,
    ) -> None:
        """Hand the pages to ``take``; where ``eager``, two at once, and the next is read meanwhile.

        Otherwise page by page, until it says False.
        """

        async def page(cursor: str | None) -> tuple[int, Page[T]]:
            heard = self._heard()
            return heard, await call(cursor=cursor, **filters)

        seen: set[str] = set()
        waiting: list[T] = []
        floor: int | None = None
        ahead = asyncio.ensure_future(page(None))
        try:
            while True:
                heard, here = await ahead
                cursor = here.next_cursor
                if cursor is not None and cursor in seen:
                    raise Nonsense("Mobius answered with pages that never end.")
                if cursor is not None and eager:
                    seen.add(cursor)
                    ahead = asyncio.ensure_future(page(cursor))
                waiting += here.items
                floor = heard if floor is None else floor
                if cursor is not None and eager and len(waiting) < AT_A_TIME:
                    continue
                goes_on = await take(waiting, floor)
                if cursor is None or not goes_on:
                    return
                waiting, floor = [], None
                if not eager:
                    seen.add(cursor)
                    ahead = asyncio.ensure_future(page(cursor))
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    async def _read_each(
        self, ids: Iterable[str], read: Callable[[str], Awaitable[Reading]]
    ) -> None:
        """Read by id, several at a time, until one of them fails."""
        left = sorted(ids)
        for start in range(0, len(left), AT_ONCE):
            heard = self._heard()
            reads = (read(id) for id in left[start : start + AT_ONCE])
            answers = await asyncio.gather(*reads, return_exceptions=True)
            readings = [answer for answer in answers if not isinstance(answer, BaseException)]
            await self._store.apply(readings, heard=heard)
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer

    async def _run(self, id: str) -> Reading:
        try:
            return await self._client.run(id)
        except NotFound:
            return Gone(run_id=id)

    async def _interaction(self, id: str) -> Reading:
        try:
            return await self._client.interaction(id)
        except NotFound:
            return Gone(interaction_id=id)
