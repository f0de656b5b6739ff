"""Writes payloads from upstream into rows. Nothing else writes the mirror.

A row never moves backward: the newer ``updated_at`` wins, then the higher ``seq``, then the later
read. So payloads may arrive twice, late, or in any order.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from inbox.mirror import capabilities, observers
from inbox.mirror.changes import Changes
from inbox.mirror.projection import Projection
from inbox.mirror.snapshots import Payload, Received
from inbox.mirror.tally import Tallies
from inbox.models import Event, Interaction, Run, Step, Upstream


def apply(
    upstream: Upstream,
    payloads: Iterable[Payload],
    *,
    read_at: datetime,
    seen_seq: int | None = None,
    cursor: int | None = None,
    complete_runs: Collection[str] = (),
    accepted: Collection[str] = (),
    locked: Upstream | None = None,
) -> Changes:
    """Apply ``payloads`` in one transaction. The caller publishes the result after the commit.

    Args:
        seen_seq: the newest seq that had arrived when the reads among the payloads were sent.
        cursor: the seq up to which the project's stream is now in the mirror.
        complete_runs: ids of runs whose log is complete with these payloads.
        accepted: questions whose answers are attributed again, since one was accepted from here.
        locked: the upstream's row, if the caller's transaction has locked it; that must be rolled
            back after an error.

    Raises DatabaseError, and ValueError for a text that cannot be stored.
    """
    floor = (upstream.cursor or 0) if seen_seq is None else seen_seq
    received = Received.of(payloads, seen_seq=floor)
    with transaction.atomic(savepoint=locked is None):
        row = locked or Upstream.lock(upstream.pk)
        projection = Projection(
            row,
            received,
            read_at=read_at,
            followed_from=seen_seq,
            complete_runs=complete_runs,
            accepted=accepted,
        )
        changes = projection.write()
        observers.notify(
            row, projection.answers, changes.interactions, projection.questions, projection.runs
        )
        interactions = (
            snapshot.resource
            for snapshots in received.interactions.values()
            for snapshot in snapshots
        )
        capabilities.record_claims(row, interactions)
        _advance(row, read_at, cursor)
    return changes


def record_test_question(upstream: Upstream, interaction_id: str) -> None:
    """Keep a test question out of *Blocked* and *Insights*."""
    with transaction.atomic():
        row = Upstream.lock(upstream.pk)
        row.test_questions = [*row.test_questions, interaction_id]
        row.save(update_fields=["test_questions"])
        item = Interaction.objects.filter(upstream=row, mobius_id=interaction_id).first()
        if item is not None:
            tallies = Tallies()
            tallies.subtract(item)
            tallies.write(row)
            item.counted = None
            item.save(update_fields=["counted"])
    Changes(interactions={interaction_id}).publish()


def reset(upstream: Upstream) -> None:
    """Forget ``seq`` and times after upstream has lost its data, so that any payload wins.

    The next full sync finds out which rows are deleted.
    """
    with transaction.atomic():
        row = Upstream.lock(upstream.pk)
        Event.objects.filter(upstream=row).delete()
        Interaction.objects.filter(upstream=row).update(updated_at=F("created_at"), seq=0)
        Step.objects.filter(run__upstream=row).update(updated_at=F("created_at"), seq=0)
        Run.objects.filter(upstream=row).update(
            updated_at=F("created_at"), seq=0, log_from=None, plan=None
        )
        Upstream.objects.filter(pk=row.pk).update(cursor=None, seeded_at=None)


def _advance(upstream: Upstream, read_at: datetime, cursor: int | None) -> None:
    fields: dict[str, Any] = {}
    if upstream.heard_at is None or read_at > upstream.heard_at:
        fields["heard_at"] = read_at
    if cursor is not None and (upstream.cursor is None or cursor > upstream.cursor):
        fields["cursor"] = cursor
    if fields:
        Upstream.objects.filter(pk=upstream.pk).update(**fields)
