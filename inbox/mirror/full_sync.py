"""Reading upstream's lists: what is open, what the mirror holds open, what closed lately."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from inbox.mirror import capabilities
from inbox.mirror.history import is_forgotten
from inbox.mirror.restraint import Restraint
from inbox.mirror.snapshots import Gone, Reading
from inbox.mirror.store import Store
from inbox.mobius.bounded import release_memory
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import (
    Denied,
    MobiusError,
    NotFound,
    RateLimited,
    Rejected,
    TooLarge,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.probing import is_lasting
from inbox.mobius.types import Interaction, InteractionStatus, Offer, Page, Run, RunStatus
from inbox.models import Interaction as InteractionRow
from inbox.models import Run as RunRow

log = logging.getLogger(__name__)

T = TypeVar("T", Interaction, Run)
Take = Callable[[Sequence[T], int], Awaitable[bool]]

PENDING = InteractionStatus.PENDING
UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUSPENDED)
FINISHED = (RunStatus.COMPLETED, RunStatus.FAILED)
CLOSED = (InteractionStatus.COMPLETED, InteractionStatus.EXPIRED)
BY_ID = "questions by id"
AT_ONCE = 8
"""Reads by id that are under way at one time."""
AT_A_TIME = 400
"""Items of a list that are written in one transaction."""


class FullSync:
    """One full sync. ``heard`` tells the newest seq that the project's stream has brought by now;
    ``skipped`` holds the ids of records that were too large to be read. ``repeats``: Mobius gave a
    page of a list twice, so that what follows it cannot be read. ``restraint`` is what it
    shares with others beside and before it.

    The stream is open before the full sync begins, so that what changes behind its back is heard.
    """

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        heard: Callable[[], int],
        restraint: Restraint | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._heard = heard
        self._restraint = restraint or Restraint(again=0.0)
        self._offers = capabilities.of(store.upstream)
        self._brought: set[str] = set()
        self._planned: set[str] = set()
        self.skipped: set[str] = set()
        self.repeats = False
        self.failed: dict[str, MobiusError] = {}

    async def run(self) -> None:
        """Walk to the end; what was read until then is in the mirror.

        Raises MobiusError where the pending questions cannot be read. Whatever else fails stops
        nothing: ``failed`` holds it.
        """
        seeding = self._store.upstream.seeded_at is None
        runs = await self._store.open_runs()
        interactions = await self._store.open_interactions()
        await self._pending(runs)
        for state in CLOSED:
            await self._try(
                f"{state.value} questions",
                "closed questions",
                self._closed_questions(state, seeding),
            )
        still = await self._store.open_interactions() & interactions
        await self.read_unlisted(still - self._brought)
        await self.read_unfinished_runs()
        for status in FINISHED:
            await self._try(f"{status.value} runs", "runs", self._finished_runs(status, seeding))
        if self._offers.run is not Offer.NO:
            still = await self._store.open_runs() & runs
            unread = await self._store.unread_runs()
            await self._try(
                "runs by id", "run", self._read_each((still - self._brought) | unread, self._run)
            )
        if self.skipped:
            release_memory()
        # A list that broke off may have left a hole: the next full sync reads all of it again.
        await self._store.note_full_sync(seeded=all(map(_is_refused, self.failed.values())))

    async def _pending(self, runs: Iterable[str]) -> None:
        """What is open, or, where upstream tells that of one run only, of the runs we know."""
        if self._offers.pending is not Offer.NO:
            await self._read(self._client.interactions, self.take, status=PENDING)
            return
        for run_id in sorted(runs):
            await self._read(self._client.interactions, self.take, status=PENDING, run_id=run_id)

    async def read_unlisted(self, ids: Iterable[str], most: int | None = None) -> None:
        """Read open questions that a whole list lacked by id: mostly they are over, or gone.

        ``most``: so many of them. Raises MobiusError where the pending list fails as well.
        """
        due = self._restraint.due(ids)[:most]
        await self._try(BY_ID, "interaction", self._read_each(due, self._interaction))
        self._restraint.note_read(due)

    async def _closed_questions(self, state: InteractionStatus, seeding: bool) -> None:
        await self._read_new(self._client.interactions, InteractionRow, seeding, status=state)

    async def _finished_runs(self, status: RunStatus, seeding: bool) -> None:
        await self._read_new(self._client.runs, RunRow, seeding, status=status)

    async def read_unfinished_runs(self) -> None:
        """By the guide's statuses. Where one of them is refused by the published description's, and
        where that is refused too, the whole list.
        """
        for status in UNFINISHED:
            await self._runs_by(status)
        if any(map(self._is_refused, UNFINISHED)):
            await self._runs_by(RunStatus.ACTIVE)
            if self._is_refused(RunStatus.ACTIVE) and self._offers.runs is not Offer.NO:
                await self._try("runs", "runs", self._read(self._client.runs, self.take))

    async def _runs_by(self, status: RunStatus) -> None:
        await self._try(
            f"{status.value} runs", "runs", self._read(self._client.runs, self.take, status=status)
        )

    def _is_refused(self, status: RunStatus) -> bool:
        error = self.failed.get(f"{status.value} runs")
        return error is not None and is_lasting(error)

    async def _try(self, what: str, call: str, part: Coroutine[Any, Any, None]) -> None:
        """Await ``part``, which makes ``call``, unless Mobius asks to be spared that."""
        limit = self._restraint.limited(call)
        if limit is not None:
            part.close()
            self.failed[what] = limit
            return
        try:
            await part
        except MobiusError as error:
            if isinstance(error, Unauthorized | Unreachable | RateLimited):
                await self._ask_again()
            if isinstance(error, RateLimited):
                self._restraint.limit(call, error)
            self.failed[what] = error
            # What upstream does not have is on *Connection*, not in the log of each full sync.
            if not is_lasting(error):
                log.info("%s could not be read: %s", what, error.message)

    async def _ask_again(self) -> None:
        """Raises MobiusError where the pending list cannot be read any more either: Mobius is away,
        the key is no longer good or the limit is that of all calls.
        """
        if self._offers.pending is not Offer.NO:
            await self._client.newest_pending(None)

    async def take(self, items: Sequence[Interaction | Run], heard: int) -> bool:
        """Write what a list told; rows that are not the whole thing are read by id. ``failed`` says
        where that failed.
        """
        self._brought.update(item.id for item in items)
        rows = {item.id for item in items if isinstance(item, Interaction) and item.partial}
        whole = [item for item in items if item.id not in rows]
        await self._store.apply(whole, heard=heard)
        await self._read_plans(whole)
        if rows:
            known = await self._store.known(InteractionRow, rows)
            over = {item.id: item.status in CLOSED for item in items}
            # What has not changed says nothing new; the rest is read whole.
            fresh = {id for id in rows if known.get(id) is not over[id]}
            await self._try(BY_ID, "interaction", self._read_each(fresh, self._interaction))
        return True

    async def _read_new(
        self,
        call: Callable[..., Awaitable[Page[T]]],
        model: type[InteractionRow | RunRow],
        seeding: bool,
        **filters: Any,
    ) -> None:
        """What is over, newest first, until a page brings nothing new; at first all of it.

        Written oldest first: a full sync that breaks off leaves no hole below what it has read.
        """
        if seeding:
            await self._read(call, self.take, **filters)
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
            await self.take(items, heard)

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
        before: set[str] = set()
        waiting: list[T] = []
        floor: int | None = None
        ahead = asyncio.ensure_future(page(None))
        try:
            while True:
                heard, here = await ahead
                cursor = here.next_cursor
                self.skipped.update(here.skipped)
                before, last = {item.id for item in here.items}, before
                if cursor is not None and (cursor in seen or (last and last == before)):
                    self.repeats, cursor = True, None
                if cursor is not None and eager:
                    seen.add(cursor)
                    ahead = asyncio.ensure_future(page(cursor))
                waiting += here.items
                floor = heard if floor is None else floor
                if cursor is not None and eager and len(waiting) < AT_A_TIME:
                    continue
                # A page without its only record says nothing about how far back to read.
                goes_on = await take(waiting, floor) or bool(here.skipped)
                if cursor is None or not goes_on:
                    return
                waiting, floor = [], None
                if not eager:
                    seen.add(cursor)
                    ahead = asyncio.ensure_future(page(cursor))
        finally:
            ahead.cancel()
            await asyncio.gather(ahead, return_exceptions=True)

    async def read_interactions(self, ids: Iterable[str]) -> None:
        """Read these by id. Raises MobiusError once one of them fails."""
        await self._read_each(ids, self._interaction)

    async def read_questions(self, run_id: str) -> None:
        """What a run asks now, and what became of its open ones here; its steps too, which a stream
        that tells of no question does not tell of either. Raises MobiusError.
        """
        page = await self._client.interactions(status=PENDING, run_id=run_id)
        await self.take(page.items, self._heard())
        held = await self._store.open_interactions_of(run_id)
        await self.read_interactions(held - {item.id for item in page.items})
        if self._offers.steps is not Offer.NO:
            await self._try("steps", "steps", self._read_steps(run_id))

    async def _read_steps(self, run_id: str) -> None:
        heard = self._heard()
        await self._store.apply(await self._client.steps(run_id), heard=heard)

    async def _read_each(
        self, ids: Iterable[str], read: Callable[[str], Awaitable[Reading | None]]
    ) -> None:
        """Read by id, several at a time. Raises MobiusError for the first that failed: at the end,
        or at once where the others would fail too.
        """
        left, failed = sorted(ids), None
        for start in range(0, len(left), AT_ONCE):
            heard = self._heard()
            reads = (read(id) for id in left[start : start + AT_ONCE])
            answers = await asyncio.gather(*reads, return_exceptions=True)
            readings = [one for one in answers if one and not isinstance(one, BaseException)]
            await self._store.apply(readings, heard=heard)
            await self._read_plans(readings)
            for answer in answers:
                if isinstance(answer, BaseException):
                    if not isinstance(answer, Unavailable):
                        raise answer
                    failed = failed or answer
        if failed is not None:
            raise failed

    async def _read_plans(self, readings: Sequence[Reading]) -> None:
        """Read the runs whose spec may say what their open questions do not, each once."""
        lacking = {
            one.run_id
            for one in readings
            if isinstance(one, Interaction) and one.lacks and one.status is PENDING and one.run_id
        } - self._planned
        if lacking and self._offers.run is not Offer.NO:
            self._planned |= lacking
            unread = await self._store.without_plan(lacking)
            await self._try("runs by id", "run", self._read_each(unread, self._run))

    async def _run(self, id: str) -> Reading | None:
        try:
            return await self._client.run(id)
        except NotFound:
            # Unless the call is surely there, that may be said of any run.
            surely = capabilities.of(self._store.upstream).run is Offer.YES
            return Gone(run_id=id) if surely else None
        except TooLarge:
            self._skip(id)
            return None

    async def _interaction(self, id: str) -> Reading | None:
        try:
            return await self._client.interaction(id)
        except NotFound:
            return Gone(interaction_id=id)
        except TooLarge:
            self._skip(id)
            return None
        except (Denied, Rejected) as error:
            # It stays as it is here, and keeps none of the others back.
            log.info("%s could not be read: %s", id, error.message)
            return None

    def _skip(self, id: str) -> None:
        log.error("%s is too large to be read and was left out", id)
        self.skipped.add(id)


def _is_refused(error: MobiusError) -> bool:
    """Nothing was read, nor will it be by asking again."""
    return is_lasting(error) or isinstance(error, Unauthorized | Denied)
