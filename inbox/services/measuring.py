"""Figures about the whole installation, for ``/metrics``."""

import asyncio
from datetime import timedelta

from asgiref.sync import sync_to_async
from django.db.models import Count, Q
from django.utils import timezone

from inbox import metrics
from inbox.mirror import freshness
from inbox.models import Attempt, Batch, Interaction, Upstream
from inbox.services.audit.log_status import log_verifier

EVERY = 10.0
EXPIRES_WITHIN = timedelta(hours=1)
QUEUES = {
    "accepted": Attempt.State.ACCEPTED,
    "unconfirmed": Attempt.State.OPEN,
}
"""Answers by what they wait for: to show at Mobius, or to be looked up after a failure."""


async def run() -> None:
    """Measure regularly. Runs until cancelled."""
    while True:
        # First what needs no database, which may be the one that is down.
        measure_sync()
        await sync_to_async(measure_rows)()
        await asyncio.sleep(EVERY)


def measure_sync() -> None:
    """How current the mirror is, and what was found out about the key and the log."""
    now = timezone.now()
    fresh = freshness.sync_status.current(now)
    since = freshness.sync_status.facts.not_live_since
    metrics.SYNC_LAG_SECONDS.set(fresh.lag)
    metrics.SYNC_NOT_LIVE_SECONDS.set((now - since).total_seconds() if since else 0.0)
    metrics.SYNC_DEAD.set(fresh.dead)
    metrics.KEY_REFUSED.set(fresh.key_refused)
    metrics.DECISION_LOG_INTACT.set(log_verifier.problem is None)


def measure_rows() -> None:
    """What waits in the database."""
    upstream = Upstream.current()
    attempts = Attempt.objects.filter(upstream=upstream)
    held = Count("pk", Q(state=Attempt.State.HELD))
    waiting = {name: Count("pk", Q(state=state)) for name, state in QUEUES.items()}
    unsettled = attempts.filter(state__in=[Attempt.State.HELD, *QUEUES.values()])
    found = unsettled.aggregate(held=held, **waiting)
    metrics.HELD_ANSWERS.set(found["held"])
    for name in QUEUES:
        metrics.QUEUE_DEPTH.labels(name).set(found[name])
    batches = Batch.objects.filter(
        upstream=upstream, confirmed_at__isnull=False, finished_at__isnull=True
    )
    metrics.QUEUE_DEPTH.labels("batches").set(batches.count())
    now = timezone.now()
    expiring = Interaction.objects.pending().filter(
        upstream=upstream, expires_at__gt=now, expires_at__lte=now + EXPIRES_WITHIN
    )
    metrics.EXPIRING_QUESTIONS.set(expiring.count())
