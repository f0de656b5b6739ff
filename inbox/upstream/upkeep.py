"""Periodic work, in one process: at start and every minute."""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from inbox.answering import batches, claiming, draft, respond, reviewing
from inbox.answering.batch_runner import batch_runner, settle
from inbox.answering.confirming import Confirmer, confirmer
from inbox.answering.held import sender
from inbox.mirror.prune import prune
from inbox.notify import link_requests, notices, planning
from inbox.people import (
    device_sign_ins,
    key_answers,
    links,
    push_browsers,
    rate_limit,
    revocations,
    throttle,
)
from inbox.processes import postgres_bus


async def once(confirmer: Confirmer = confirmer) -> None:
    await sync_to_async(key_answers.record)()
    await respond.settle_open()
    await claiming.settle_open()
    await reviewing.settle_open()
    await confirmer.load()
    await sender.load()
    await batch_runner.load()
    await sync_to_async(settle)()
    await sync_to_async(draft.tidy)()
    await sync_to_async(batches.tidy)()
    while await sync_to_async(prune)(timezone.now() - settings.HISTORY_DAYS):
        pass
    await sync_to_async(throttle.tidy)()
    await sync_to_async(links.tidy)()
    await sync_to_async(link_requests.tidy)(timezone.now())
    await sync_to_async(rate_limit.tidy)()
    await sync_to_async(device_sign_ins.tidy)()
    await sync_to_async(revocations.tidy)()
    await sync_to_async(push_browsers.tidy)(timezone.now())
    await sync_to_async(postgres_bus.prune)()
    await sync_to_async(SessionStore.clear_expired)()
    while await sync_to_async(notices.prune)(timezone.now()):
        pass
    while await sync_to_async(planning.prune)(timezone.now()):
        pass
