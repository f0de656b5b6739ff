"""Recounting the figures of *Insights*: after ``TIME_ZONE`` has changed, and by command.

After each batch, which is one transaction, the tallies are the sum over the rows again. So pages
and the sync work during this, and an interrupted rebuild can start again without counting twice.
"""

import asyncio
import logging
from collections.abc import Iterator
from time import monotonic
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate

from inbox.mirror.tally import Tallies, facts
from inbox.models import Interaction, Upstream

BATCH = 200
"""Questions in one transaction; other writers wait for it."""

log = logging.getLogger(__name__)


def rebuild(upstream: Upstream) -> Iterator[int]:
    """Yields how many questions are done."""
    last = done = 0
    while True:
        with transaction.atomic():
            locked = Upstream.lock(upstream.pk)
            rows = list(
                Interaction.objects.filter(upstream=locked, pk__gt=last)
                .defer("raw", "context", "message", "questions")
                .order_by("pk")[:BATCH]
            )
            if not rows:
                _note_zone(locked)
                return
            _recount(locked, rows)
        last, done = rows[-1].pk, done + len(rows)
        yield done


async def run_in_batches(batches: Iterator[int]) -> int:
    """Sleeps after each batch for as long as that took, to leave time to pages and the sync."""
    done = 0
    next_batch = sync_to_async(lambda: next(batches, None))
    began = monotonic()
    while (count := await next_batch()) is not None:
        done = count
        await asyncio.sleep(monotonic() - began)
        began = monotonic()
    return done


async def rebuild_if_zone_changed() -> None:
    upstream = await sync_to_async(Upstream.current)()
    if upstream.tally_zone == settings.TIME_ZONE:
        return
    if upstream.tally_zone:
        log.warning(
            "TIME_ZONE was %s and is now %s: Insights is being recounted in the background",
            upstream.tally_zone,
            settings.TIME_ZONE,
        )
    else:
        log.warning("Insights is being recounted in the background, once after an update")
    done = await run_in_batches(rebuild(upstream))
    log.warning("Insights has been recounted: %d questions", done)


def _recount(upstream: Upstream, rows: list[Interaction]) -> None:
    tallies, changed = Tallies(), []
    for row in rows:
        # Rows that were never counted are older than those that were pruned.
        if row.counted is None or (now := facts(row, row.counted)) == row.counted:
            continue
        tallies.subtract(row)
        row.counted = now
        tallies.add(row)
        changed.append(row)
    tallies.write(upstream)
    Interaction.objects.bulk_update(changed, ["counted"], BATCH)


def _note_zone(upstream: Upstream) -> None:
    zone = upstream.tally_zone
    if zone not in ("", settings.TIME_ZONE) and upstream.pruned_before is not None:
        last = localdate(upstream.pruned_before, ZoneInfo(zone))
        upstream.former_zones = [*upstream.former_zones, [zone, last.isoformat()]]
    upstream.tally_zone = settings.TIME_ZONE
    upstream.save(update_fields=["tally_zone", "former_zones"])
