"""Sending the questions of confirmed batches, a few at a time.

Each is sent like a single answer, after everything has been checked again. If the process ends,
the next one continues: it reads the questions that were being sent, and never sends their answers
again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from asgiref.sync import sync_to_async
from django.utils import timezone

from inbox.answering import attempts, respond
from inbox.answering.answerability import answerability
from inbox.answering.look_up import apply_snapshot, look_up
from inbox.answering.outcome import DONE, Kind, Outcome
from inbox.answering.question import NotAsked, asked
from inbox.answering.scheduled import OVERDUE_AFTER, TRY_AGAIN_AFTER, ScheduledSender
from inbox.audit.origin import Origin
from inbox.live import topics
from inbox.live.bus import get_bus
from inbox.mirror.snapshots import Payload
from inbox.mobius.errors import MobiusError, RateLimited, Unavailable, Unreachable
from inbox.mobius.timing import Backoff
from inbox.models import Attempt, Batch, BatchItem, Interaction, Reviewer, Upstream
from inbox.models.answers import Answers, answers_to
from inbox.notify import notices

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
    """``message`` is what Mobius said, ``retry_after`` is in seconds."""

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
        result = Result(Kind.RATE_LIMITED)
        for failures in range(1, MOST_TRIES + 1):
            # Another request may prolong the pause.
            while (pause := self._paused_until - monotonic()) > 0:  # noqa: ASYNC110 - it has an end
                await asyncio.sleep(pause)
            if item.state == BatchItem.State.SENDING:
                recovered = await self._recover(batch, item)
                if recovered is not None:
                    return recovered
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
        checked = await sync_to_async(_prepare)(batch, item, snapshot)
        if isinstance(checked, Kind):
            return Result(checked)
        reviewer, answers = checked
        try:
            outcome = await respond.respond(
                reviewer=reviewer,
                interaction_id=item.interaction_id,
                answers=answers,
                comment=batch.comment,
                operation_id=item.operation_id,
                origin=Origin(batch.address),
            )
        except NotAsked as refused:
            return Result(refused.kind)
        return Result.of(outcome)

    async def _recover(self, batch: Batch, item: BatchItem) -> Result | None:
        """None if its request was not sent before the process ended."""
        reviewer = await sync_to_async(_reviewer)(batch)
        attempt = await sync_to_async(attempts.find)(reviewer, item.operation_id)
        if attempt is None:
            return None
        with suppress(MobiusError):
            await self._read(batch, item.interaction_id)
        try:
            outcome = await respond.recheck(
                reviewer=reviewer,
                interaction_id=item.interaction_id,
                operation_id=item.operation_id,
            )
        except NotAsked as refused:
            return Result(refused.kind)
        return Result.of(outcome)

    async def _read(self, batch: Batch, interaction_id: str) -> Payload | None:
        """None if only the mirror can be used. Raises ``RateLimited``, or another ``MobiusError``
        after ``LONGEST_WAIT``.
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


def settle() -> None:
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
    """None if it was undone, or is finished."""
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
    """Unsent items; interrupted ones first."""
    states = (BatchItem.State.WAITING, BatchItem.State.SENDING)
    items = batch.items.filter(state__in=states)
    return sorted(items, key=lambda item: item.state != BatchItem.State.SENDING)


def _start_sending(item: BatchItem) -> bool:
    """The request may have arrived from here on. False if it was withdrawn meanwhile."""
    states = (BatchItem.State.WAITING, BatchItem.State.SENDING)
    item.state = BatchItem.State.SENDING
    own = BatchItem.objects.filter(pk=item.pk, state__in=states)
    return bool(own.update(state=item.state))


def _put_back(batch: Batch, item: BatchItem) -> None:
    """The next request is a new attempt, unless the last one may have arrived."""
    if item.state != BatchItem.State.SENDING:
        return
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
    if done:
        notices.read_item(
            reviewer=item.batch.reviewer,
            upstream=item.batch.upstream,
            interaction_id=item.interaction_id,
            now=timezone.now(),
        )


def _finish(batch: Batch) -> None:
    Batch.objects.filter(pk=batch.pk).update(finished_at=timezone.now())


def _reviewer(batch: Batch) -> Reviewer:
    return Reviewer.objects.select_related("user").get(pk=batch.reviewer_id)


def _prepare(
    batch: Batch, item: BatchItem, snapshot: Payload | None
) -> tuple[Reviewer, Answers] | Kind:
    if snapshot is not None:
        apply_snapshot(snapshot, batch.upstream).publish()
    reviewer = _reviewer(batch)
    try:
        viewer, question = asked(reviewer, item.interaction_id)
    except NotAsked as refused:
        return refused.kind
    # An attempt that may have arrived is checked by ``respond``.
    if attempts.find(reviewer, item.operation_id) is None:
        outcome = answerability(viewer, question)
        if outcome is not None:
            return outcome.kind
        if question.updated_at != item.updated_at:
            return Kind.QUESTION_CHANGED
    if not _start_sending(item):
        return Kind.DEACTIVATED
    return reviewer, answers_to(question.only_question, batch.verb == Batch.Verb.APPROVE)


def publish(batch: Batch, *, rows: bool = False, ids: Iterable[str] = ()) -> None:
    """Update the person's own pages, and list rows of ``ids``, or with ``rows`` of all
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
