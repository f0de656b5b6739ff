"""The mirror's transactions as the sync awaits them, each one function in one thread."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.db import DataError, connections
from django.db.models import Exists, OuterRef

from inbox.mirror import capabilities, project
from inbox.mirror.changes import Changes
from inbox.mirror.rows import CLOSED, UNKNOWN
from inbox.mirror.scrub import scrubbed
from inbox.mirror.snapshots import Reading
from inbox.mobius.types import Capabilities
from inbox.models import Interaction, Run, Upstream

T = TypeVar("T")

log = logging.getLogger(__name__)

LATELY = timedelta(minutes=5)
"""Also where upstream's clock is not ours."""
LARGEST = 500
"""Readings in one transaction: what a writer next to the sync waits for."""


class Store:
    """One upstream's mirror."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream

    @classmethod
    async def present(cls) -> "Store":
        """That of the settings. Connections that broke are replaced first."""

        def load() -> Upstream:
            for connection in connections.all(initialized_only=True):
                # One in a transaction is its owner's: a test's, say.
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
            return Upstream.present()

        return cls(await sync_to_async(load)())

    async def apply(
        self,
        readings: Sequence[Reading],
        *,
        heard: int | None = None,
        cursor: int | None = None,
        whole: Collection[str] = (),
    ) -> None:
        """Project and publish. A reading that the database refuses is left out and logged."""
        if not readings and cursor is None and not whole:
            return
        for start in range(0, max(len(readings), 1), LARGEST):
            part = readings[start : start + LARGEST]
            last = start + LARGEST >= len(readings)
            changes = await sync_to_async(self._apply)(
                part, heard=heard, cursor=cursor if last else None, whole=whole if last else ()
            )
            changes.publish()

    def _apply(
        self,
        readings: Sequence[Reading],
        *,
        heard: int | None,
        cursor: int | None,
        whole: Collection[str],
    ) -> Changes:
        now = datetime.now(UTC)

        def apply(some: Iterable[Reading], upto: int | None) -> Changes:
            return project.apply(
                self.upstream, some, read_at=now, heard=heard, cursor=upto, whole=whole
            )

        try:
            return apply(readings, cursor)
        except (DataError, ValueError, OverflowError):
            changes = Changes()
            for reading in readings:
                try:
                    changes.include(apply([scrubbed(reading)], None))
                except (DataError, ValueError, OverflowError) as error:
                    # The error's own words can hold what was read.
                    kind, why = type(reading).__name__, type(error).__name__
                    log.error("left out of the mirror: %s (%s)", kind, why)
            changes.include(apply([], cursor))
            return changes

    async def open_runs(self) -> set[str]:
        """Ids of the runs that are unfinished as far as the mirror knows."""
        rows = Run.objects.filter(upstream=self.upstream, finished=False, gone=False)
        return await _ids(lambda: rows.values_list("mobius_id", flat=True))

    async def open_interactions(self) -> set[str]:
        """Ids of the interactions that something may still happen to."""
        rows = Interaction.objects.filter(upstream=self.upstream, gone=False)
        rows = rows.exclude(status__in=CLOSED)
        return await _ids(lambda: rows.values_list("mobius_id", flat=True))

    async def open_interactions_of(self, run_id: str) -> set[str]:
        """Those of ``open_interactions`` that one run asks."""
        rows = Interaction.objects.filter(upstream=self.upstream, run_id=run_id, gone=False)
        rows = rows.exclude(status__in=CLOSED)
        return await _ids(lambda: rows.values_list("mobius_id", flat=True))

    async def has_runs(self) -> bool:
        """The mirror knows of a run, if only from what it asks."""

        def found() -> bool:
            runs = Run.objects.filter(upstream=self.upstream)
            asking = Interaction.objects.filter(upstream=self.upstream, run_id__isnull=False)
            return runs.exists() or asking.exists()

        return await sync_to_async(found)()

    async def unread_runs(self) -> set[str]:
        """Ids of the runs that ask something now and are known from that alone."""
        read = Run.objects.filter(upstream=self.upstream, mobius_id=OuterRef("run_id"))
        asking = Interaction.objects.filter(
            upstream=self.upstream, status="pending", gone=False, run_id__isnull=False
        )
        rows = asking.filter(~Exists(read.exclude(raw={})))
        return await _ids(lambda: rows.values_list("run_id", flat=True))

    async def without_plan(self, run_ids: Iterable[str]) -> set[str]:
        """Those of ``run_ids`` whose plan the mirror does not hold."""
        held = Run.objects.filter(upstream=self.upstream, mobius_id__in=list(run_ids))
        planned = held.filter(plan__isnull=False)
        return set(run_ids) - await _ids(lambda: planned.values_list("mobius_id", flat=True))

    async def waiting_runs(self, most: int) -> list[str]:
        """Ids of suspended runs that ask something now, those that changed last first."""
        asking = Interaction.objects.filter(
            upstream=self.upstream, status="pending", gone=False, run_id__isnull=False
        )
        rows = asking.order_by("-updated_at").values_list("run_id", flat=True)[:most]
        return await sync_to_async(lambda: [id for id in dict.fromkeys(rows) if id is not None])()

    async def unheard_runs(self, most: int) -> list[str]:
        """Ids of runs whose last question closed lately, before anything was read of them."""
        rows = Run.objects.filter(
            upstream=self.upstream,
            gone=False,
            state=UNKNOWN,
            raw={},
            updated_at__gte=datetime.now(UTC) - LATELY,
        )
        ids = rows.order_by("-created_at").values_list("mobius_id", flat=True)[:most]
        return await sync_to_async(lambda: list(ids))()

    async def known(self, model: type[Interaction | Run], ids: Iterable[str]) -> dict[str, bool]:
        """Those of ``ids`` that the mirror holds, and whether they are over."""

        def read() -> dict[str, bool]:
            if model is Run:
                runs = Run.objects.filter(upstream=self.upstream, mobius_id__in=list(ids))
                return dict(runs.values_list("mobius_id", "finished"))
            rows = Interaction.objects.filter(upstream=self.upstream, mobius_id__in=list(ids))
            return {id: status in CLOSED for id, status in rows.values_list("mobius_id", "status")}

        return await sync_to_async(read)()

    async def note_full_sync(self, *, seeded: bool) -> None:
        """Note the end of a full sync. ``seeded``: whatever upstream tells has been read."""

        def note() -> Upstream:
            now = datetime.now(UTC)
            row = Upstream.objects.get(pk=self.upstream.pk)
            row.walked_at = row.heard_at = now
            if seeded:
                row.seeded_at = row.seeded_at or now
            row.save(update_fields=["walked_at", "heard_at", "seeded_at"])
            return row

        self.upstream = await sync_to_async(note)()

    async def offers(self, found: Capabilities) -> None:
        """Keep what a probe has found."""
        await sync_to_async(capabilities.keep)(self.upstream, found)

    async def forget(self) -> None:
        """See ``project.forget``."""
        await sync_to_async(project.forget)(self.upstream)


async def _ids(read: Callable[[], Iterable[str | None]]) -> set[str]:
    return await sync_to_async(lambda: {id for id in read() if id is not None})()
