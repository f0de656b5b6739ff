"""What is done every minute, whether or not anybody looks."""

import asyncio
import logging

from asgiref.sync import sync_to_async
from django.db import DatabaseError

from inbox.services import draft
from inbox.services.respond import settle_open

log = logging.getLogger(__name__)

MINUTE = 60.0


async def run() -> None:
    """Settle what a crash or a broken connection left open, and tidy drafts. Endless; cancel it.

    One of these a process, started with it.
    """
    while True:
        try:
            await once()
        except DatabaseError:
            log.exception("upkeep failed; it is tried again in a minute")
        await asyncio.sleep(MINUTE)


async def once() -> None:
    """One round."""
    await settle_open()
    await sync_to_async(draft.tidy)()
