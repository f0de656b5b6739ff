"""Periodic work, in one process: at start and every minute."""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from inbox.live import postgres_bus
from inbox.mirror.prune import prune
from inbox.people import throttle
from inbox.services import (
    batches,
    claiming,
    draft,
    key_answers,
    links,
    notices,
    rate_limit,
    respond,
)
from inbox.services.audit.anchor import anchor
from inbox.services.batch_runner import batch_runner, settle
from inbox.services.confirming import Confirmer, confirmer
from inbox.services.sending import sender


async def once(confirmer: Confirmer = confirmer) -> None:
    """Settle what a crash or a broken connection left open, follow accepted answers, send held
    ones and batches, log whether the service key answers, tidy drafts, delete old rows.
    """
    await sync_to_async(key_answers.record)()
    await respond.settle_open()
    await claiming.settle_open()
    await confirmer.load()
    await sender.load()
    await batch_runner.load()
    await sync_to_async(settle)()
    await sync_to_async(draft.tidy)()
    await sync_to_async(batches.tidy)()
    await sync_to_async(anchor.catch_up)()
    while await sync_to_async(prune)(timezone.now() - settings.HISTORY_DAYS):
        pass
    await sync_to_async(throttle.tidy)()
    await sync_to_async(links.tidy)()
    await sync_to_async(rate_limit.tidy)()
    await sync_to_async(postgres_bus.prune)()
    await sync_to_async(SessionStore.clear_expired)()
    while await sync_to_async(notices.prune)(timezone.now()):
        pass
