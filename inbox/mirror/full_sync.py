"""Reading upstream's lists: what is open, what the mirror has open, what closed recently."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import aclosing
from time import monotonic
from typing import Any, TypeVar

from inbox.mirror import capabilities
from inbox.mirror.prune import is_pruned
from inbox.mirror.rows import CLOSED
from inbox.mirror.snapshots import Deleted, Payload
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

PENDING, IN_REVIEW = InteractionStatus.PENDING, InteractionStatus.IN_REVIEW
LISTED = (InteractionStatus.COMPLETED, InteractionStatus.EXPIRED)
"""Closed questions are listed by the statuses of the guide, so cancelled ones are read by ID."""
UNFINISHED = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.SUSPENDED)
FINISHED = (RunStatus.COMPLETED, RunStatus.FAILED)
BY_ID = "questions by id"
CONCURRENCY = 8
BATCH_SIZE = 400
"""Items of a list written in one transaction."""
PAUSE = 60.0
"""Seconds without a call that Mobius limits without saying for how long."""


class RequestThrottle:
    """Keeps the full syncs and polls of a session from repeating reads too soon.

    ``interval``: seconds before a question that is open but missing from lists is read by id again.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._read_at: dict[str, float] = {}
        self._limits: dict[str, tuple[float, RateLimited]] = {}

    def due(self, missing: Iterable[str]) -> list[str]:
        """IDs read longest ago come first."""
        ids, now, never = set(missing), monotonic(), float("-inf")
        self._read_at = {id: at for id, at in self._read_at.items() if id in ids}
        due = [id for id in sorted(ids) if now - self._read_at.get(id, never) > self._interval]
        return sorted(due, key=lambda id: self._read_at.get(id, never))

    def note_read(self, ids: Iterable[str]) -> None:
        self._read_at |= dict.fromkeys(ids, monotonic())

    def limit(self, call: str, error: RateLimited) -> None:
        self._limits[call] = monotonic() + (error.retry_after or PAUSE), error

    def limited(self, call: str) -> RateLimited | None:
        until, error = self._limits.get(call, (float("-inf"), None))
        return error if monotonic() < until else None


class FullSync:
    """The stream is open before a full sync begins, so that changes during it are not missed.

    ``seen_seq`` returns the newest seq that the project's stream has brought by now; ``skipped``
    has the IDs of records that were too large to be read. ``repeats``: Mobius returned a page of a
    list twice, so what follows it can't be read.
    """

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        seen_seq: Callable[[], int],
        throttle: RequestThrottle | None = None,
    ) -> None:
        self._client = client
        self._store = store
        self._seen_seq = seen_seq
        self._throttle = throttle or RequestThrottle(interval=0.0)
        self._capabilities = capabilities.load(store.upstream)
        self._listed: set[str] = set()
        self._plans_read: set[str] = set()
        self.skipped: set[str] = set()
        self.repeats = False
        self.failed: dict[str, MobiusError] = {}

    async def run(self) -> None:
        """Whatever was read before an error is in the mirror.

        Raises MobiusError if the pending questions can't be read; other errors are in ``failed``.
        """
        seeding = self._store.upstream.seeded_at is None
        runs = await self._store.open_runs()
        interactions = await self._store.open_interactions()
        await self._pending(runs)
        if self._store.upstream.adapter.has_reviews:
            read = self._read(self._client.interactions, self.take, status=IN_REVIEW)
            await self._try("questions in review", "questions in review", read)
        for state in LISTED:
            read = self._read_new(self._client.interactions, InteractionRow, seeding, status=state)
            await self._try(f"{state.value} questions", "closed questions", read)
        still = await self._store.open_interactions() & interactions
        await self.read_unlisted(still - self._listed)
        await self.read_unfinished_runs()
        for status in FINISHED:
            read = self._read_new(self._client.runs, RunRow, seeding, status=status)
            await self._try(f"{status.value} runs", "runs", read)
        if self._capabilities.run is not Offer.NO:
            still = await self._store.open_runs() & runs
            unread = await self._store.unread_runs()
            await self._try(
                "runs by id", "run", self._read_each((still - self._listed) | unread, self._run)
            )
        if self.skipped:
            release_memory()
        # A list that broke off may have left a gap, so the next full sync reads all of it again.
        await self._store.record_full_sync(
            seeded=all(map(_will_fail_again, self.failed.values())),
            clock_offset=self._client.clock_offset,
        )

    async def _pending(self, runs: Iterable[str]) -> None:
        if self._capabilities.pending is not Offer.NO:
            await self._read(self._client.interactions, self.take, status=PENDING)
            return
        for run_id in sorted(runs):
            await self._read(self._client.interactions, self.take, status=PENDING, run_id=run_id)

    async def read_unlisted(self, ids: Iterable[str], limit: int | None = None) -> None:
        """Most open questions that are missing from a complete list are closed or deleted.

        Raises MobiusError if the pending list fails as well.
        """
        due = self._throttle.due(ids)[:limit]
        await self._try(BY_ID, "interaction", self._read_each(due, self._interaction))
        self._throttle.note_read(due)

    async def read_unfinished_runs(self) -> None:
        """Tries the guide's statuses, then the published description's, then the whole list."""
        for status in UNFINISHED:
            await self._runs_by(status)
        if any(map(self._refuses, UNFINISHED)):
            await self._runs_by(RunStatus.ACTIVE)
            if self._refuses(RunStatus.ACTIVE) and self._capabilities.runs is not Offer.NO:
                await self._try("runs", "runs", self._read(self._client.runs, self.take))

    async def _runs_by(self, status: RunStatus) -> None:
        await self._try(
            f"{status.value} runs", "runs", self._read(self._client.runs, self.take, status=status)
        )

    def _refuses(self, status: RunStatus) -> bool:
        error = self.failed.get(f"{status.value} runs")
        return error is not None and is_lasting(error)

    async def _try(self, name: str, call: str, read: Coroutine[Any, Any, None]) -> None:
        """``name`` is the key of the error in ``failed``. Nothing is read while Mobius limits
        ``call``.
        """
        limit = self._throttle.limited(call)
        if limit is not None:
            read.close()
            self.failed[name] = limit
            return
        try:
            await read
        except MobiusError as error:
            if isinstance(error, Unauthorized | Unreachable | RateLimited):
                await self._check_reachable()
            if isinstance(error, RateLimited):
                self._throttle.limit(call, error)
            self.failed[name] = error
            # What upstream lacks is shown on *Connection*, not logged at each full sync.
            if not is_lasting(error):
                log.info("%s could not be read: %s", name, error)

    async def _check_reachable(self) -> None:
        """Raises MobiusError if the pending list can't be read any more either."""
        if self._capabilities.pending is not Offer.NO:
            await self._client.newest_pending(None)

    async def take(self, items: Sequence[Interaction | Run], seen_seq: int) -> bool:
        """Partial items are read by id; errors go to ``failed``."""
        self._listed.update(item.id for item in items)
        partial = {item.id for item in items if isinstance(item, Interaction) and item.partial}
        complete = [item for item in items if item.id not in partial]
        await self._store.apply(complete, seen_seq=seen_seq)
        await self._read_plans(complete)
        if partial:
            closed_by_id = await self._store.closed_by_id(InteractionRow, partial)
            listed_closed = {item.id: item.status in CLOSED for item in items}
            # Only items whose state differs from the mirror's are read.
            fresh = {id for id in partial if closed_by_id.get(id) is not listed_closed[id]}
            await self._try(BY_ID, "interaction", self._read_each(fresh, self._interaction))
        return True

    async def _read_new(
        self,
        call: Callable[..., Awaitable[Page[T]]],
        model: type[InteractionRow | RunRow],
        seeding: bool,
        **filters: Any,
    ) -> None:
        """Read closed questions, newest first, until a page has nothing new; when seeding, all of
        them.

        They are written oldest first, so that an interrupted full sync leaves no gap.
        """
        if seeding:
            await self._read(call, self.take, **filters)
            return
        unread: list[tuple[Sequence[T], int]] = []

        async def collect(items: Sequence[T], seen_seq: int) -> bool:
            closed_by_id = await self._store.closed_by_id(model, [item.id for item in items])
            unread.append((items, seen_seq))
            before = self._store.upstream.pruned_before
            return not all(
                closed_by_id.get(item.id, False) or is_pruned(item, before) for item in items
            )

        await self._read(call, collect, eager=False, **filters)
        for items, seen_seq in reversed(unread):
            await self.take(items, seen_seq)

    async def _read(
        self,
        call: Callable[..., Awaitable[Page[T]]],
        take: Take[T],
        *,
        eager: bool = True,
        **filters: Any,
    ) -> None:
        """``take`` returns False when it needs no more.

        ``eager``: pass ``BATCH_SIZE`` items at a time and read ahead. Otherwise pass each page, and
        read the next one only if it's needed.
        """
        async with aclosing(self._batches(call, BATCH_SIZE if eager else 1, **filters)) as batches:
            if not eager:
                async for items, seen_seq in batches:
                    if not await take(items, seen_seq):
                        return
                return
            ahead = asyncio.ensure_future(anext(batches, None))
            try:
                while (batch := await ahead) is not None:
                    ahead = asyncio.ensure_future(anext(batches, None))
                    if not await take(*batch):
                        return
            finally:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)

    async def _batches(
        self, call: Callable[..., Awaitable[Page[T]]], size: int, **filters: Any
    ) -> AsyncGenerator[tuple[list[T], int], None]:
        """Whole pages of at least ``size`` items together, with the newest seq before they were
        read.
        """
        cursor: str | None = None
        cursors: set[str] = set()
        last: set[str] = set()
        items: list[T] = []
        seen_seq = self._seen_seq()
        while True:
            page = await call(cursor=cursor, **filters)
            self.skipped.update(page.skipped)
            cursor, before, last = page.next_cursor, last, {item.id for item in page.items}
            if cursor is not None and (cursor in cursors or (last and last == before)):
                self.repeats, cursor = True, None
            items += page.items
            # A page whose records were all skipped is not passed on: it can't show where to stop.
            if len(items) >= size or cursor is None:
                yield items, seen_seq
                items, seen_seq = [], self._seen_seq()
            if cursor is None:
                return
            cursors.add(cursor)

    async def read_interactions(self, ids: Iterable[str]) -> None:
        await self._read_each(ids, self._interaction)

    async def read_questions(self, run_id: str) -> None:
        """Read a run's open questions and its steps: a stream without questions has no steps
        either.

        Raises MobiusError.
        """
        page = await self._client.interactions(status=PENDING, run_id=run_id)
        await self.take(page.items, self._seen_seq())
        stored = await self._store.open_interactions(run_id=run_id)
        await self.read_interactions(stored - {item.id for item in page.items})
        if self._capabilities.steps is not Offer.NO:
            await self._try("steps", "steps", self._read_steps(run_id))

    async def _read_steps(self, run_id: str) -> None:
        seen_seq = self._seen_seq()
        await self._store.apply(await self._client.steps(run_id), seen_seq=seen_seq)

    async def _read_each(
        self, ids: Iterable[str], read: Callable[[str], Awaitable[Payload | None]]
    ) -> None:
        """Raises the first MobiusError: at the end, or at once if the others would fail too."""
        remaining, failed = sorted(ids), None
        for start in range(0, len(remaining), CONCURRENCY):
            seen_seq = self._seen_seq()
            reads = (read(id) for id in remaining[start : start + CONCURRENCY])
            results = await asyncio.gather(*reads, return_exceptions=True)
            payloads = [
                result for result in results if result and not isinstance(result, BaseException)
            ]
            await self._store.apply(payloads, seen_seq=seen_seq)
            await self._read_plans(payloads)
            for result in results:
                if isinstance(result, BaseException):
                    if not isinstance(result, Unavailable):
                        raise result
                    failed = failed or result
        if failed is not None:
            raise failed

    async def _read_plans(self, payloads: Sequence[Payload]) -> None:
        lacking = {
            payload.run_id
            for payload in payloads
            if isinstance(payload, Interaction)
            and payload.unknown_fields
            and payload.status is PENDING
            and payload.run_id
        } - self._plans_read
        if lacking and self._capabilities.run is not Offer.NO:
            self._plans_read |= lacking
            unread = await self._store.without_plan(lacking)
            await self._try("runs by id", "run", self._read_each(unread, self._run))

    async def _run(self, id: str) -> Payload | None:
        try:
            return await self._client.run(id)
        except NotFound:
            # If upstream may lack the call itself, a 404 does not show that the run is deleted.
            surely = capabilities.load(self._store.upstream).run is Offer.YES
            return Deleted(run_id=id) if surely else None
        except TooLarge:
            self._skip(id)
            return None

    async def _interaction(self, id: str) -> Payload | None:
        try:
            return await self._client.interaction(id)
        except NotFound:
            return Deleted(interaction_id=id)
        except TooLarge:
            self._skip(id)
            return None
        except (Denied, Rejected) as error:
            # The row stays as it is, and the other reads go on.
            log.info("%s could not be read: %s", id, error)
            return None

    def _skip(self, id: str) -> None:
        log.error("%s is too large to be read and was left out", id)
        self.skipped.add(id)


def _will_fail_again(error: MobiusError) -> bool:
    return is_lasting(error) or isinstance(error, Unauthorized | Denied)
