"""Polls the lists of open questions if no project stream has questions."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic

from inbox.live.alarm import wait_for
from inbox.live.page_activity import page_activity
from inbox.mirror import capabilities
from inbox.mirror.freshness import SyncStatus, trouble_of
from inbox.mirror.full_sync import BY_ID, IN_REVIEW, PENDING, FullSync, RequestThrottle
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, RateLimited, Rejected
from inbox.mobius.timing import Backoff
from inbox.mobius.types import Interaction, Offer, Page

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PollIntervals:
    """In seconds. ``watched``: between polls with a page open; ``idle``: at most, without one.
    ``live``, ``live_idle``: how long pages count as current after a poll.

    ``missing``: before a question that is open but missing from the list is read by id again.
    """

    watched: float = 2.0
    idle: float = 20.0
    missing: float = 60.0
    live: float = 6.0
    live_idle: float = 25.0


MAX_READS_BY_ID = 40
"""Questions that a poll reads by id."""
MAX_RUNS = 20
"""Runs whose questions a poll reads, where questions are listed by run only."""


@dataclass
class Round:
    """``open`` is what the mirror had open at its start."""

    cursor: str | None
    open: set[str]
    listed: set[str] = field(default_factory=set)


class Poller:
    """``sync_status`` is None beside a stream, which then reports freshness."""

    def __init__(
        self,
        client: MobiusClient,
        store: Store,
        *,
        sync_status: SyncStatus | None,
        backoff: Backoff,
        pace: PollIntervals,
        throttle: RequestThrottle,
        answered: Callable[[], None],
        failed: Callable[[MobiusError], None],
    ) -> None:
        self._client = client
        self._store = store
        self._sync_status = sync_status
        self._backoff = backoff
        self._pace = pace
        self._answered = answered
        self._failed = failed
        self._full_sync = FullSync(client, store, lambda: store.upstream.cursor or 0, throttle)
        self._seen: set[str] = set()
        self._now = asyncio.Event()
        self._due: asyncio.TimerHandle | None = None
        self._polled_at = float("-inf")
        self._pause = pace.watched
        self._etag: str | None = None
        self._page: Page[Interaction] | None = None
        self._taken: list[object] = []
        self._in_review: set[str] = set()
        self._taken_in_review: list[object] = []
        self._round: Round | None = None
        self._capabilities = capabilities.load(store.upstream)
        self._runs: list[str] = []

    async def run(self) -> None:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._wake)

        unlisten = page_activity.listen(wake)
        failures = 0
        try:
            while True:
                self._now.clear()
                try:
                    await self._poll()
                except MobiusError as error:
                    failures += 1
                    self._note_failure(error)
                    wait = self._backoff.delay(failures, error.retry_after)
                    if isinstance(error, RateLimited) or error.retry_after:
                        await asyncio.sleep(wait)
                        continue
                else:
                    failures = 0
                    self._note_success()
                    wait = self._next_pause()
                await wait_for(self._now, wait)
        finally:
            unlisten()
            self._forget_due()

    def _wake(self) -> None:
        """Polls at once after an action, otherwise when the next poll is due."""
        self._pause = self._pace.watched
        wait = self._polled_at + self._pace.watched - monotonic()
        if wait <= 0 or page_activity.acted_since(self._polled_at):
            self._now.set()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(wait, self._now.set)

    def _forget_due(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _next_pause(self) -> float:
        watched, idle = self._pace.watched, self._pace.idle
        self._pause = watched if page_activity.is_active else min(idle, self._pause * 2)
        return self._pause * self._backoff.random.uniform(0.9, 1.0)

    async def _poll(self) -> None:
        self._forget_due()
        self._polled_at = monotonic()
        if self._capabilities.pending is Offer.NO:
            await self._go_through_runs()
            return
        if self._store.upstream.adapter.has_reviews:
            self._in_review = await self._take_in_review()
        first = await self._client.newest_pending(self._etag)
        if first is not None:
            self._page, self._etag = first
        if self._page is not None:
            await self._take_newest(self._page)
        if self._round is not None:
            await self._go_round(self._round)

    async def _take_in_review(self) -> set[str]:
        """Reads until a page has nothing new. Returns which questions need not be read by ID: those
        of the list, and if it goes on, all that the mirror has, which are left to the full sync.

        This list comes first: a question that leaves it meanwhile is in the pending one, or closed.
        """
        before = await self._store.open_interactions(status=IN_REVIEW.value)
        listed: set[str] = set()
        raw: list[object] | None = None
        cursor: str | None = None
        while True:
            try:
                page = await self._client.interactions(status=IN_REVIEW, cursor=cursor)
            except Rejected:
                # A server without reviews has none to list.
                return listed
            if raw is None:
                raw = [item.raw for item in page.items]
            if cursor is not None or raw != self._taken_in_review:
                await self._full_sync.take(page.items, self._store.upstream.cursor or 0)
            new = {item.id for item in page.items} - before - listed
            listed |= {item.id for item in page.items}
            cursor = page.next_cursor
            if cursor is None or not new:
                self._taken_in_review = raw
                return listed if cursor is None else listed | before

    async def _go_through_runs(self) -> None:
        if not self._runs:
            if self._capabilities.runs is not Offer.NO:
                await self._full_sync.read_unfinished_runs()
            self._runs = sorted(await self._store.open_runs())
        now, self._runs = self._runs[:MAX_RUNS], self._runs[MAX_RUNS:]
        for run_id in now:
            await self._full_sync.read_questions(run_id)

    async def _take_newest(self, page: Page[Interaction]) -> None:
        """Reads until a page has nothing new, then by id what the pages lack."""
        before = await self._store.open_interactions()
        listed: set[str] = set()
        raw: list[object] = [item.raw for item in page.items]
        while True:
            ids = {item.id for item in page.items}
            new = ids - before - self._seen - listed
            listed |= ids
            if raw != self._taken or page.skipped:
                await self._full_sync.take(page.items, self._store.upstream.cursor or 0)
            if page.next_cursor is None or not new:
                break
            page = await self._client.interactions(status=PENDING, cursor=page.next_cursor)
        # Partial items that could not be read are tried again at the next poll.
        unread = self._full_sync.failed.pop(BY_ID, None)
        self._taken, self._seen = [] if unread else raw, listed
        if page.next_cursor is None:
            self._round = None
            unlisted = before - listed - self._in_review
            await self._full_sync.read_unlisted(unlisted, MAX_READS_BY_ID)
        elif self._round is None:
            self._round = Round(page.next_cursor, before, listed)
        else:
            self._round.listed |= listed

    async def _go_round(self, round: Round) -> None:
        """After the last page, reads by id what the list lacked."""
        try:
            page = await self._client.interactions(status=PENDING, cursor=round.cursor)
        except Rejected:
            # The cursor may have expired: the next poll begins another round.
            self._round = None
            return
        await self._full_sync.take(page.items, self._store.upstream.cursor or 0)
        ids = {item.id for item in page.items}
        round.listed |= ids
        newest = self._page.items if self._page is not None else ()
        # An upstream that returns the newest page again ignores the cursor.
        repeats = page.next_cursor == round.cursor or ids == {item.id for item in newest}
        round.cursor = None if repeats else page.next_cursor
        if round.cursor is None:
            self._round = None
            still = await self._store.open_interactions()
            unlisted = (round.open & still) - round.listed - self._in_review
            await self._full_sync.read_unlisted(unlisted, MAX_READS_BY_ID)

    def _note_success(self) -> None:
        if self._sync_status is not None:
            now = datetime.now(UTC)
            seconds = self._pace.live if page_activity.is_active else self._pace.live_idle
            self._sync_status.update(
                connected=True,
                live_until=now + timedelta(seconds=seconds),
                broken_at=None,
                trouble=None,
                heard_at=now,
            )
        self._answered()

    def _note_failure(self, error: MobiusError) -> None:
        log.warning("the pending questions could not be polled: %s", trouble_of(error))
        self._failed(error)
        if self._sync_status is None:
            return
        now, facts = datetime.now(UTC), self._sync_status.facts
        until = facts.live_until
        # One failed poll does not make pages stale, unless the next one is far away.
        if until is None or now + timedelta(seconds=error.retry_after or 0) > until:
            self._sync_status.update(
                connected=False,
                broken_at=facts.broken_at or facts.heard_at or now,
                trouble=trouble_of(error),
            )
