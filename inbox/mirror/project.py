"""What upstream told becomes rows. Nothing else writes the mirror.

A row never moves backward: the newer ``updated_at`` wins, of equal ones the higher ``seq``, then
the later read. So readings may come twice, late, or in any order.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from inbox.mirror import capabilities, observers
from inbox.mirror.changes import Changes
from inbox.mirror.projection import Projection
from inbox.mirror.snapshots import Batch, Reading
from inbox.mobius import types
from inbox.models import Event, Interaction, Run, Step, Upstream


def apply(
    upstream: Upstream,
    readings: Iterable[Reading],
    *,
    read_at: datetime,
    heard: int | None = None,
    cursor: int | None = None,
    whole: Collection[str] = (),
    accepted: Collection[str] = (),
) -> Changes:
    """Bring the rows up to ``readings`` in one transaction; publish the result after the commit.

    ``heard``: the newest seq that had been heard when the reads among them were sent, given by who
    follows the project's stream without a gap. ``cursor``: the seq up to which that stream is now
    in the mirror. ``whole``: ids of runs whose log is whole with these readings. ``accepted``: ids
    of questions of which upstream has just accepted an answer from here: it is that person's, also
    where it was read before. Raises the database's errors, and ValueError for a text that it cannot
    store.
    """
    floor = (upstream.cursor or 0) if heard is None else heard
    batch = Batch.of(readings, heard=floor)
    with transaction.atomic():
        # One writer at a time: on PostgreSQL two of them could each find the row as it was.
        held = Upstream.objects.select_for_update().get(pk=upstream.pk)
        projection = Projection(
            held, batch, read_at=read_at, followed_from=heard, whole=whole, accepted=accepted
        )
        changes = projection.write()
        observers.tell(held, projection.answers)
        asked = (one.thing for told in batch.interactions.values() for one in told)
        capabilities.note_claims(held, asked)
        _advance(held, read_at, cursor)
    return changes


def apply_interaction(
    upstream: Upstream, interaction: types.Interaction, *, read_at: datetime
) -> Changes:
    """``apply`` for the answer to a write; part of the caller's transaction where there is one."""
    return apply(upstream, [interaction], read_at=read_at)


def forget(upstream: Upstream) -> None:
    """Upstream began anew: its ``seq`` and times count for nothing, whatever it says next wins.

    Rows stay, and the next full sync tells which of them are gone.
    """
    with transaction.atomic():
        held = Upstream.objects.select_for_update().get(pk=upstream.pk)
        Event.objects.filter(upstream=held).delete()
        Interaction.objects.filter(upstream=held).update(updated_at=F("created_at"), seq=0)
        Step.objects.filter(run__upstream=held).update(updated_at=F("created_at"), seq=0)
        Run.objects.filter(upstream=held).update(
            updated_at=F("created_at"), seq=0, log_from=None, plan=None
        )
        Upstream.objects.filter(pk=held.pk).update(cursor=None, seeded_at=None)


def _advance(upstream: Upstream, read_at: datetime, cursor: int | None) -> None:
    told: dict[str, Any] = {}
    if upstream.heard_at is None or read_at > upstream.heard_at:
        told["heard_at"] = read_at
    if cursor is not None and (upstream.cursor is None or cursor > upstream.cursor):
        told["cursor"] = cursor
    if told:
        Upstream.objects.filter(pk=upstream.pk).update(**told)
