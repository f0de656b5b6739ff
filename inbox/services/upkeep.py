"""What is done at start and every minute, whether or not anybody looks."""

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from inbox.mirror.prune import prune
from inbox.services import draft, notices
from inbox.services.decision_state import patrol
from inbox.services.respond import settle_open


async def once() -> None:
    """One round: settle what a crash or a broken connection left open, tidy drafts, look through
    the decision log, forget."""
    await settle_open()
    await sync_to_async(draft.tidy)()
    await sync_to_async(patrol.walk)()
    while await sync_to_async(prune)(timezone.now() - settings.HISTORY_DAYS):
        pass
    while await sync_to_async(notices.prune)(timezone.now()):
        pass
