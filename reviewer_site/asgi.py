"""The application as a server runs it: Django, and around it what Django cannot do."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
pages = get_asgi_application()

from inbox.live.fragments import render  # noqa: E402 - models need Django set up
from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.live.presence import get_presence  # noqa: E402
from inbox.mirror.sync import Sync  # noqa: E402
from inbox.reviewers import clients  # noqa: E402
from inbox.services import upkeep  # noqa: E402
from reviewer_site.lifespan import Lifespan, running  # noqa: E402
from reviewer_site.static_files import StaticFiles  # noqa: E402

SETTLE_EVERY = 60.0


async def follow() -> None:
    """Keep the mirror up to date."""
    await Sync(clients.service_client()).run()


async def settle() -> None:
    """Find out what became of answers that were cut off, and tidy drafts."""
    while True:
        await upkeep.once()
        await asyncio.sleep(SETTLE_EVERY)


@asynccontextmanager
async def background() -> AsyncIterator[None]:
    """All that runs beside the requests."""
    hub = get_hub()
    hub.start(render)
    try:
        async with running(
            {
                "the sync with Mobius": follow,
                "the settling of answers": settle,
                "who is looking": get_presence().keep_sweeping,
            }
        ):
            yield
    finally:
        await hub.stop()
        await clients.close()


application = Lifespan(
    StaticFiles(Handoff(pages, get_hub())), background=background, at_signal=get_hub().close
)
