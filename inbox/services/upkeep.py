"""What is done at start and every minute, whether or not anybody looks."""

from importlib import import_module

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from inbox.mirror.prune import prune
from inbox.people import throttle
from inbox.services import claiming, draft, key_answers, links, notices, respond
from inbox.services.audit.anchor import anchor
from inbox.services.audit.log_status import patrol
from inbox.services.confirming import confirming


async def once() -> None:
    """One round: settle what a crash or a broken connection left open, follow what was accepted,
    log whether the service key answers, tidy drafts, look through the decision log, forget."""
    await sync_to_async(key_answers.note)()
    await respond.settle_open()
    await claiming.settle_open()
    await confirming.load()
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
    """Django keeps sessions that have expired until told otherwise."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
