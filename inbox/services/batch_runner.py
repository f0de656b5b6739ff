"""Sending the questions of confirmed batches, a few at a time.

Each is sent like a single answer or claim, after everything has been checked again. If the process
ends, the next one continues: it reads the questions that were being sent, and never sends their
answers again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.access import Refusal, viewer_of
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError, RateLimited, Unavailable, Unreachable
from inbox.mobius.timing import Backoff
from inbox.models import Attempt, Batch, BatchItem, Interaction, Reviewer, Upstream
from inbox.services import answer_command, attempts, claiming, notices, respond
from inbox.services.claiming import Verb
from inbox.services.look_up import apply_snapshot, look_up
from inbox.services.origin import Origin
from inbox.services.outcome import DONE, Kind, Outcome
from inbox.services.question import NotAsked, find_asked
from inbox.services.scheduled import OVERDUE_AFTER, TRY_AGAIN_AFTER, ScheduledSender

log = logging.getLogger(__name__)

AT_A_TIME = 4
"""Questions of a batch that are sent at the same time."""
LONGEST_WAIT = 60.0
"""Seconds for which a batch waits for a Mobius that can't be reached."""
READ_WITHIN = 2.0
"""Seconds that the read of a question may take."""
MOST_TRIES = 8
"""How many times a request is sent while Mobius limits requests."""
LONGEST_PAUSE = 600.0
"""Seconds. If Mobius asks for a longer pause, the question fails."""
PUBLISH_EVERY = 0.5
"""Seconds between two updates of the person's pages."""
UNCERTAIN = (Kind.UNCONFIRMED, Kind.NOT_RECORDED, Kind.STILL_OPEN, Kind.RECEIVED)
"""Results that may turn out otherwise once the question can be read."""


@dataclass(frozen=True)
class Result:
    """The result of a question. ``message`` is what Mobius said, ``retry_after`` is in seconds."""

    kind: Kind
    message: str = ""
    retry_after: float | None = None

    @classmethod
    def of(cls, outcome: Outcome[Interaction]) -> "Result":
        return cls(outcome.kind, outcome.message, outcome.retry_after)


class BatchRunner(ScheduledSender):
    channel = "batches"

    def __init__(self) -> None:
        super().__init__()
        self._paused_until = 0.0
        self._away_since: dict[int, float] = {}
        self._published: dict[int, float] = {}
        self._backoff = Backoff(base=1.0, cap=30.0)

    def unsent(self) -> list[tuple[int, datetime]]:
        rows = Batch.objects.filter(
            upstream=Upstream.current(), confirmed_at__isnull=False, finished_at=None
        )
        return [(row.pk, row.send_at) for row in rows.order_by("send_at", "pk") if row.send_at]

    async def send(self, batch_id: int) -> None:
        """Send what is left of a batch that is due."""
        batch = await sync_to_async(_start)(batch_id)
        if batch is None:
            return
        items = deque(await sync_to_async(_unsent)(batch))
        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(AT_A_TIME, len(items))):
                    workers.create_task(self._work(batch, items))
        finally:
            self._published.pop(batch.pk, None)
            self._away_since.pop(batch.pk, None)
        await sync_to_async(_finish)(batch)
        await sync_to_async(publish)(batch, rows=True)

    async def _work(self, batch: Batch, items: deque[BatchItem]) -> None:
        while items:
            item = items.popleft()
            result = await self._result_of(batch, item)
            await sync_to_async(_store)(item, result)
            # The row of an answered question is updated with the question.
            failed = [item.interaction_id] if item.state == BatchItem.State.FAILED else []
            now = monotonic()
            if failed or now - self._published.get(batch.pk, 0.0) >= PUBLISH_EVERY:
                self._published[batch.pk] = now
                publish(batch, ids=failed)

    async def _result_of(self, batch: Batch, item: BatchItem) -> Result:
        """Send one question, and retry after a pause while Mobius limits requests."""
        result = Result(Kind.RATE_LIMITED)
        for failures in range(1, MOST_TRIES + 1):
            # Another request may prolong the pause.
            while (pause := self._paused_until - monotonic()) > 0:  # noqa: ASYNC110 - it has an end
                await asyncio.sleep(pause)
            if item.state == BatchItem.State.SENDING:
                recovered = await self._recover(batch, item)
                if recovered is not None:
                    return recovered
            await sync_to_async(_note_sending)(item)
            result = await self._send(batch, item)
            if result.kind is not Kind.RATE_LIMITED:
                return result
            wait = self._backoff.delay(failures, result.retry_after)
            if wait > LONGEST_PAUSE:
                return result
            self._paused_until = max(self._paused_until, monotonic() + wait)
            await sync_to_async(_put_back)(batch, item)
        return result

    async def _send(self, batch: Batch, item: BatchItem) -> Result:
        try:
            snapshot = await self._read(batch, item.interaction_id)
        except RateLimited as error:
            return Result(Kind.RATE_LIMITED, retry_after=error.retry_after)
        except MobiusError:
            return Result(Kind.UNREACHABLE)
        checked = await sync_to_async(_check)(batch, item, snapshot)
        if isinstance(checked, Kind):
            return Result(checked)
        about: dict[str, Any] = {"reviewer": checked, "interaction_id": item.interaction_id}
        origin = Origin(batch.address)
        try:
            if not batch.answers:
                claims = batch.verb == Batch.Verb.CLAIM
                operation = claiming.claim if claims else claiming.release
                return Result.of(await operation(**about, origin=origin))
            outcome = await respond.respond(
                **about,
                value=batch.verb == Batch.Verb.APPROVE,
                comment=batch.comment,
                operation_id=item.operation_id,
                origin=origin,
            )
        except NotAsked:
            return Result(Kind.NOT_ALLOWED)
        return Result.of(outcome)

    async def _recover(self, batch: Batch, item: BatchItem) -> Result | None:
        """The result of a question that a process was sending when it ended; None if its request
        was not sent, or can be sent again.
        """
        reviewer = await sync_to_async(_reviewer)(batch)
        about: dict[str, Any] = {"reviewer": reviewer, "interaction_id": item.interaction_id}
        if batch.answers:
            attempt = await sync_to_async(attempts.find)(reviewer, item.operation_id)
            if attempt is None:
                return None
        with suppress(MobiusError):
            await self._read(batch, item.interaction_id)
        try:
            if batch.answers:
                outcome = await respond.recheck(**about, operation_id=item.operation_id)
                return Result.of(outcome)
            outcome = await claiming.recheck(Verb(batch.verb), **about)
        except NotAsked:
            return Result(Kind.NOT_ALLOWED)
        return None if outcome.kind is Kind.NOT_RECORDED else Result.of(outcome)

    async def _read(self, batch: Batch, interaction_id: str) -> Payload | None:
        """Read the question, and wait while Mobius can't be reached. None if only the mirror can be
        used. Raises ``RateLimited``, or another ``MobiusError`` after ``LONGEST_WAIT``.
        """
        while True:
            try:
                snapshot = await look_up(interaction_id, within=READ_WITHIN)
            except (Unreachable, Unavailable) as error:
                now = monotonic()
                if now - self._away_since.setdefault(batch.pk, now) >= LONGEST_WAIT:
                    raise
                log.info("a batch is still waiting: %s", error)
                await asyncio.sleep(TRY_AGAIN_AFTER.total_seconds())
                continue
            except RateLimited:
                self._away_since.pop(batch.pk, None)
                raise
            except MobiusError as error:
                log.info(
                    "sending the answer to a question of a batch without reading it: %s", error
                )
                snapshot = None
            self._away_since.pop(batch.pk, None)
            return snapshot


batch_runner = BatchRunner()
"""The process's runner."""


def settle() -> None:
    """Correct results that were uncertain, now that their attempts are settled."""
    rows = BatchItem.objects.filter(
        outcome__in=UNCERTAIN, batch__dismissed_at=None, batch__upstream=Upstream.current()
    )
    for item in rows.select_related("batch__reviewer", "batch__upstream"):
        attempt = attempts.find(item.batch.reviewer, item.operation_id)
        if attempt is None:
            continue
        if attempt.state == Attempt.State.ANSWERED:
            _store(item, Result(Kind.ANSWERED))
        elif attempt.state == Attempt.State.UNCONFIRMED and item.state == BatchItem.State.DONE:
            _store(item, Result(Kind.UNCONFIRMED))
        else:
            continue
        publish(item.batch)


def _start(batch_id: int) -> Batch | None:
    """Start the batch, or continue it. None if it was undone, or is finished."""
    now = timezone.now()
    confirmed = Batch.objects.filter(pk=batch_id, confirmed_at__isnull=False, finished_at=None)
    confirmed.filter(started_at=None, send_at__lte=now).update(started_at=now)
    batch = confirmed.select_related("reviewer__user", "upstream").first()
    if batch is None or batch.started_at is None or batch.send_at is None:
        return None
    if batch.started_at >= batch.send_at + OVERDUE_AFTER:
        batch.items.filter(state=BatchItem.State.WAITING).update(
            state=BatchItem.State.FAILED, outcome=Kind.OVERDUE
        )
    return batch


def _unsent(batch: Batch) -> list[BatchItem]:
    """The questions to send, first those that were being sent when a process ended."""
    states = (BatchItem.State.WAITING, BatchItem.State.SENDING)
    items = batch.items.filter(state__in=states)
    return sorted(items, key=lambda item: item.state != BatchItem.State.SENDING)


def _note_sending(item: BatchItem) -> None:
    item.state = BatchItem.State.SENDING
    item.save(update_fields=["state"])


def _put_back(batch: Batch, item: BatchItem) -> None:
    """Let the question wait after a refused request. The next request is a new attempt, unless the
    last one may have arrived.
    """
    attempt = attempts.find(batch.reviewer, item.operation_id)
    if attempt is not None and attempt.state == Attempt.State.REFUSED:
        item.tries += 1
    item.state = BatchItem.State.WAITING
    item.save(update_fields=["state", "tries"])


def _store(item: BatchItem, result: Result) -> None:
    done = result.kind in DONE
    item.state = BatchItem.State.DONE if done else BatchItem.State.FAILED
    item.outcome, item.message = result.kind, result.message
    item.save(update_fields=["state", "outcome", "message"])
    if done and item.batch.answers:
        notices.read_item(
            reviewer=item.batch.reviewer,
            upstream=item.batch.upstream,
            interaction_id=item.interaction_id,
            now=timezone.now(),
        )


def _finish(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(finished_at=timezone.now())


def _reviewer(batch: Batch) -> Reviewer:
    """The person as they are now."""
    return Reviewer.objects.select_related("user").get(pk=batch.reviewer_id)


def _check(batch: Batch, item: BatchItem, snapshot: Payload | None) -> Reviewer | Kind:
    """Check everything again. Returns the person, or why the question can't be sent."""
    reviewer = _reviewer(batch)
    if not reviewer.user.is_active:
        return Kind.DEACTIVATED
    if snapshot is not None:
        apply_snapshot(snapshot, batch.upstream).publish()
    viewer = viewer_of(reviewer.user)
    try:
        question = find_asked(viewer, item.interaction_id)
    except NotAsked:
        return Kind.NOT_ALLOWED
    if batch.answers:
        # An attempt that may have arrived is checked by ``respond``.
        if attempts.find(reviewer, item.operation_id) is not None:
            return reviewer
        refusal = answer_command.refusal(viewer, question)
        if refusal is not None:
            return refusal.kind
    else:
        reason = Verb(batch.verb).refusal(viewer, question)
        if reason in (Refusal.CLOSED, Refusal.CLAIMED_BY_ANOTHER, Refusal.NO_CLAIMS):
            return Kind(reason)
    return reviewer if question.updated_at == item.updated_at else Kind.QUESTION_CHANGED


def publish(batch: Batch, *, rows: bool = False, ids: Iterable[str] = ()) -> None:
    """Update the person's own pages, and in the list the rows of ``ids``, or with ``rows`` of all
    questions that are still in it.
    """
    own = batch.reviewer.mobius_id or ""
    changed = {topics.held(own): frozenset[str]()}
    if rows:
        not_listed = (BatchItem.State.LEFT_OUT, BatchItem.State.DONE)
        ids = batch.items.exclude(state__in=not_listed).values_list("interaction_id", flat=True)
    if found := frozenset(ids):
        changed[topics.inbox(own)] = found
    get_bus().publish(changed)
