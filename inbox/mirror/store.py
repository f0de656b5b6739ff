"""The mirror's transactions as coroutines for the sync. Each runs in one thread."""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import DataError, connections
from django.db.models import Exists, OuterRef, QuerySet

from inbox.mirror import capabilities, project
from inbox.mirror.changes import Changes
from inbox.mirror.rows import CLOSED
from inbox.mirror.snapshots import Deleted, Payload
from inbox.mobius.types import Capabilities
from inbox.models import Interaction, Run, Upstream

T = TypeVar("T")

log = logging.getLogger(__name__)

RECENT = timedelta(minutes=5)
"""Long enough for clocks that differ."""
BATCH_SIZE = 500
"""Payloads in one transaction; other writers wait for it."""
_UNWRITABLE = (DataError, ValueError, OverflowError, RecursionError)
"""Raised when an odd payload is written. Parsing allows values that are too deep to be written."""


class Store:
    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    @classmethod
    async def current(cls) -> "Store":
        """Broken database connections are replaced first."""

        def load() -> Upstream:
            for connection in connections.all(initialized_only=True):
                # A connection in a transaction is in use, for example by a test.
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
            return Upstream.current()

        return cls(await sync_to_async(load)())

    async def apply(
        self,
        payloads: Sequence[Payload],
        *,
        seen_seq: int | None = None,
        cursor: int | None = None,
        complete_runs: Collection[str] = (),
    ) -> None:
        """Apply and publish. A payload that the database refuses is left out and logged.

        A cancelled caller has no effect on a transaction that has begun: it is published too.
        """
        if not payloads and cursor is None and not complete_runs:
            return
        for start in range(0, max(len(payloads), 1), BATCH_SIZE):
            part = payloads[start : start + BATCH_SIZE]
            last = start + BATCH_SIZE >= len(payloads)
            await sync_to_async(self._apply)(
                part,
                seen_seq=seen_seq,
                cursor=cursor if last else None,
                complete_runs=complete_runs if last else (),
            )

    def _apply(
        self,
        payloads: Sequence[Payload],
        *,
        seen_seq: int | None,
        cursor: int | None,
        complete_runs: Collection[str],
    ) -> None:
        now = datetime.now(UTC)

        def apply(batch: Iterable[Payload], upto: int | None) -> Changes:
            return project.apply(
                self.upstream,
                batch,
                read_at=now,
                seen_seq=seen_seq,
                cursor=upto,
                complete_runs=complete_runs,
            )

        try:
            changes = apply(payloads, cursor)
        except _UNWRITABLE:
            changes = Changes()
            for payload in payloads:
                try:
                    changes.include(apply([_scrubbed(payload)], None))
                except _UNWRITABLE as error:
                    # The error's message may have content of the payload.
                    kind, why = type(payload).__name__, type(error).__name__
                    log.error("left out of the mirror: %s (%s)", kind, why)
            changes.include(apply([], cursor))
        changes.publish()

    async def open_runs(self) -> set[str]:
        rows = Run.objects.filter(upstream=self.upstream, finished=False, deleted=False)
        return await _ids(rows.values_list("mobius_id", flat=True))

    async def open_interactions(self, **filters: str) -> set[str]:
        """Those in review and in an unknown status too. ``filters`` are fields of ``Interaction``,
        such as ``run_id``.
        """
        rows = Interaction.objects.filter(upstream=self.upstream, deleted=False, **filters)
        rows = rows.exclude(status__in=CLOSED)
        return await _ids(rows.values_list("mobius_id", flat=True))

    async def has_runs(self) -> bool:
        def exist() -> bool:
            runs = Run.objects.filter(upstream=self.upstream)
            asking = Interaction.objects.filter(upstream=self.upstream, run_id__isnull=False)
            return runs.exists() or asking.exists()

        return await sync_to_async(exist)()

    async def unread_runs(self) -> set[str]:
        read = Run.objects.filter(upstream=self.upstream, mobius_id=OuterRef("run_id"))
        asking = Interaction.objects.open().filter(upstream=self.upstream, run_id__isnull=False)
        rows = asking.filter(~Exists(read.exclude(raw={})))
        return await _ids(rows.values_list("run_id", flat=True))

    async def without_plan(self, run_ids: Iterable[str]) -> set[str]:
        runs = Run.objects.filter(upstream=self.upstream, mobius_id__in=list(run_ids))
        planned = runs.filter(plan__isnull=False)
        return set(run_ids) - await _ids(planned.values_list("mobius_id", flat=True))

    async def waiting_runs(self, limit: int) -> list[str]:
        """Most recently changed first."""
        asking = Interaction.objects.open().filter(upstream=self.upstream, run_id__isnull=False)
        rows = asking.order_by("-updated_at").values_list("run_id", flat=True)[:limit]
        return await sync_to_async(lambda: [id for id in dict.fromkeys(rows) if id is not None])()

    async def resuming_runs(self, limit: int) -> list[str]:
        """Unfinished runs with a question that closed recently, the latest first."""
        unfinished = Run.objects.filter(upstream=self.upstream, finished=False, deleted=False)
        closed = Interaction.objects.filter(
            Exists(unfinished.filter(mobius_id=OuterRef("run_id"))),
            upstream=self.upstream,
            status__in=CLOSED,
            updated_at__gte=datetime.now(UTC) - RECENT,
        )
        rows = closed.order_by("-updated_at").values_list("run_id", flat=True)[:limit]
        return await sync_to_async(lambda: [id for id in dict.fromkeys(rows) if id is not None])()

    async def closed_by_id(
        self, model: type[Interaction | Run], ids: Iterable[str]
    ) -> dict[str, bool]:
        """Only those that the mirror has."""

        def read() -> dict[str, bool]:
            if model is Run:
                runs = Run.objects.filter(upstream=self.upstream, mobius_id__in=list(ids))
                return dict(runs.values_list("mobius_id", "finished"))
            rows = Interaction.objects.filter(upstream=self.upstream, mobius_id__in=list(ids))
            return {id: status in CLOSED for id, status in rows.values_list("mobius_id", "status")}

        return await sync_to_async(read)()

    async def record_full_sync(self, *, seeded: bool, clock_offset: timedelta | None) -> None:
        """``seeded``: everything that upstream has was read. ``clock_offset``: its minus ours."""

        def record() -> Upstream:
            now = datetime.now(UTC)
            row = Upstream.objects.get(pk=self.upstream.pk)
            row.full_synced_at = row.heard_at = now
            if seeded:
                row.seeded_at = row.seeded_at or now
            if clock_offset is not None:
                row.clock_offset = clock_offset
            row.save(update_fields=["full_synced_at", "heard_at", "seeded_at", "clock_offset"])
            return row

        self.upstream = await sync_to_async(record)()

    async def save_capabilities(self, probed: Capabilities) -> None:
        await sync_to_async(capabilities.store)(self.upstream, probed)

    async def reset(self) -> None:
        await sync_to_async(project.reset)(self.upstream)


async def _ids(rows: QuerySet[Any, str | None]) -> set[str]:
    return await sync_to_async(lambda: {id for id in rows if id is not None})()


def _scrubbed(payload: Payload) -> Payload:
    """Removes NUL, lone surrogates and infinite numbers, which databases refuse."""
    if isinstance(payload, Deleted):
        return payload
    return type(payload).model_validate(_clean(payload.model_dump()))


def _clean(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {_clean(key): _clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_clean(inner) for inner in value]
        case float() if not isfinite(value):
            return str(value)
        case _:
            return value
