"""Periodic work: at start and every minute."""

from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from inbox.mirror.prune import prune
from inbox.people import throttle
from inbox.services import claiming, draft, key_answers, links, notices, respond
from inbox.services.audit.anchor import anchor
from inbox.services.audit.log_status import patrol
from inbox.services.confirming import Confirmer, confirmer


async def once(confirmer: Confirmer = confirmer) -> None:
    """Settle what a crash or a broken connection left open, follow accepted answers, log whether
    the service key answers, tidy drafts, verify a part of the decision log, delete old rows.
    """
    await sync_to_async(key_answers.note)()
    await respond.settle_open()
    await claiming.settle_open()
    await confirmer.load()
    await sync_to_async(draft.tidy)()
    await sync_to_async(patrol.walk)()
    await sync_to_async(anchor.catch_up)()
    while await sync_to_async(prune)(timezone.now() - settings.HISTORY_DAYS):
        pass
    await sync_to_async(throttle.tidy)()
    await sync_to_async(links.tidy)()
    await sync_to_async(clear_sessions)()
    while await sync_to_async(notices.prune)(timezone.now()):
        pass


def clear_sessions() -> None:
    """Delete expired sessions."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
