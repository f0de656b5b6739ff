import asyncio
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from shutil import disk_usage

from asgiref.sync import sync_to_async
from django.db.models import Count, Min, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from inbox.audit.log_status import log_verifier
from inbox.lib import metrics
from inbox.mirror import freshness
from inbox.models import Attempt, Batch, Interaction, StoppedChannel, Upstream
from inbox.notify import health
from inbox.notify.switches import LABELS
from inbox.processes.lease import leads
from inbox.upstream import installation
from inbox.upstream.readiness import readiness

EVERY = 10.0
EXPIRES_WITHIN = timedelta(hours=1)
QUEUES = {
    "accepted": Attempt.State.ACCEPTED,
    "unconfirmed": Attempt.State.OPEN,
}
"""Answers by what they wait for: to show at Mobius, or to be looked up after a failure."""

STATM = Path("/proc/self/statm")
"""The process's memory in pages; the second number is what is resident."""


async def run() -> None:
    """Without queries: the database may be what is down. Runs until cancelled."""
    while True:
        measure_process()
        measure_sync()
        await asyncio.sleep(EVERY)


async def keep_counting() -> None:
    while True:
        await sync_to_async(readiness.check)()
        await sync_to_async(measure_rows)()
        await asyncio.sleep(EVERY)


def measure_process() -> None:
    metrics.READY.set(readiness.known() is None)
    metrics.LEADER.set(leads())
    metrics.FREE_BYTES.set(min(disk_usage(folder).free for folder in installation.folders()))
    with suppress(FileNotFoundError):  # only Linux has it
        pages = int(STATM.read_text().split()[1])
        metrics.PROCESS_MEMORY_BYTES.set(pages * os.sysconf("SC_PAGE_SIZE"))


def measure_sync() -> None:
    now = timezone.now()
    fresh = freshness.sync_status.current(now)
    since = freshness.sync_status.facts.not_live_since
    metrics.SYNC_LAG_SECONDS.set(fresh.lag)
    metrics.SYNC_NOT_LIVE_SECONDS.set((now - since).total_seconds() if since else 0.0)
    metrics.SYNC_DEAD.set(fresh.dead)
    metrics.KEY_REFUSED.set(fresh.key_refused)
    metrics.DECISION_LOG_INTACT.set(log_verifier.problem is None)


def measure_rows() -> None:
    upstream = Upstream.current()
    attempts = Attempt.objects.filter(upstream=upstream)
    held = Count("pk", Q(state=Attempt.State.HELD))
    waiting = {name: Count("pk", Q(state=state)) for name, state in QUEUES.items()}
    unsettled = attempts.filter(state__in=[Attempt.State.HELD, *QUEUES.values()])
    sent_at = Coalesce("sent_at", "created_at")
    oldest = Min(sent_at, filter=~Q(state=Attempt.State.HELD))
    found = unsettled.aggregate(held=held, oldest=oldest, **waiting)
    now = timezone.now()
    metrics.HELD_ANSWERS.set(found["held"])
    unconfirmed = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    metrics.UNCONFIRMED_SECONDS.set(unconfirmed)
    for name in QUEUES:
        metrics.QUEUE_DEPTH.labels(name).set(found[name])
    batches = Batch.objects.filter(
        upstream=upstream, confirmed_at__isnull=False, finished_at__isnull=True
    )
    metrics.QUEUE_DEPTH.labels("batches").set(batches.count())
    expiring = Interaction.objects.pending().filter(
        upstream=upstream, expires_at__gt=now, expires_at__lte=now + EXPIRES_WITHIN
    )
    metrics.EXPIRING_QUESTIONS.set(expiring.count())
    unsent, stopped = health.oldest_due(now), StoppedChannel.names()
    for channel in LABELS:
        since = now if channel in stopped else unsent.get(channel, now)
        metrics.UNSENT_NOTIFICATION_SECONDS.labels(channel).set((now - since).total_seconds())
