"""Counting the figures of *Insights* anew: where ``TIME_ZONE`` has changed, and by hand.

Each batch is a transaction after which the tallies are the sum over the rows again, so pages and
the sync go on meanwhile, and a rebuild that was cut off begins again without counting twice.
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
"""Questions in one transaction: what a writer beside it waits for."""

log = logging.getLogger(__name__)


def rebuild(upstream: Upstream) -> Iterator[int]:
    """Count every stored question of ``upstream`` anew; yields how many have been looked at."""
    last = done = 0
    while True:
        with transaction.atomic():
            # The lock under which the mirror is written.
            held = Upstream.objects.select_for_update().get(pk=upstream.pk)
            rows = list(
                Interaction.objects.filter(upstream=held, pk__gt=last)
                .defer("raw", "context", "message", "search", "questions")
                .order_by("pk")[:BATCH]
            )
            if not rows:
                _note_zone(held)
                return
            _recount(held, rows)
        last, done = rows[-1].pk, done + len(rows)
        yield done


async def rebuild_if_zone_changed() -> None:
    """What a start does: nothing where *Insights* counts by ``TIME_ZONE`` already.

    It rests after each batch for as long as that took: half of the time is the pages' and the
    sync's.
    """
    upstream = await sync_to_async(Upstream.present)()
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
    batches, done = rebuild(upstream), 0
    next_batch = sync_to_async(lambda: next(batches, None))
    began = monotonic()
    while (count := await next_batch()) is not None:
        done = count
        await asyncio.sleep(monotonic() - began)
        began = monotonic()
    log.warning("Insights has been recounted: %d questions", done)


def _recount(upstream: Upstream, rows: list[Interaction]) -> None:
    tallies, changed = Tallies(), []
    for row in rows:
        # What was never counted is older than what has been forgotten.
        if row.counted is None or (now := facts(row, row.counted)) == row.counted:
            continue
        tallies.take(row)
        row.counted = now
        tallies.give(row)
        changed.append(row)
    tallies.write(upstream)
    Interaction.objects.bulk_update(changed, ["counted"], BATCH)


def _note_zone(upstream: Upstream) -> None:
    """Remember by which zone the days are counted, and which of them could not be moved."""
    zone = upstream.tally_zone
    if zone not in ("", settings.TIME_ZONE) and upstream.pruned_before is not None:
        last = localdate(upstream.pruned_before, ZoneInfo(zone))
        upstream.former_zones = [*upstream.former_zones, [zone, last.isoformat()]]
    upstream.tally_zone = settings.TIME_ZONE
    upstream.save(update_fields=["tally_zone", "former_zones"])
