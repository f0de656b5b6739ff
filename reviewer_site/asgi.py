"""The ASGI application: Django, its ASGI middleware, and the background tasks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asgiref.sync import sync_to_async
from django.core.asgi import get_asgi_application
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
pages = get_asgi_application()

from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.live.page_activity import page_activity  # noqa: E402
from inbox.live.presence import get_presence  # noqa: E402
from inbox.mirror import database  # noqa: E402
from inbox.mirror.rebuild import rebuild_if_zone_changed  # noqa: E402
from inbox.mirror.sync import Sync  # noqa: E402
from inbox.page_slots import PageSlots  # noqa: E402
from inbox.people import clients  # noqa: E402
from inbox.request_body import RequestBodies  # noqa: E402
from inbox.services import installation, upkeep  # noqa: E402
from inbox.services.confirming import confirmer  # noqa: E402
from inbox.services.connection import connection  # noqa: E402
from inbox.services.log_watcher import log_watcher  # noqa: E402
from inbox.web.live.fragments import render  # noqa: E402 - models need Django set up
from reviewer_site.lifespan import Lifespan, running  # noqa: E402
from reviewer_site.static import StaticFiles  # noqa: E402
from reviewer_site.web_process_lock import WebProcessLock  # noqa: E402

SETTLE_EVERY = 60.0


async def follow() -> None:
    """Keep the mirror up to date."""
    await Sync(clients.service_client()).run()


async def settle() -> None:
    """Run the periodic work."""
    while True:
        await upkeep.once()
        await asyncio.sleep(SETTLE_EVERY)


async def recount() -> None:
    """Recount *Insights* if ``TIME_ZONE`` has changed; then wait for ever."""
    await rebuild_if_zone_changed()
    await asyncio.Event().wait()


@asynccontextmanager
async def background() -> AsyncIterator[None]:
    """Check the installation, then run the background tasks until the context ends."""
    await sync_to_async(installation.prepare)()
    await sync_to_async(installation.secure_files)()
    await sync_to_async(installation.report_log)()
    lock = WebProcessLock(connections["default"])
    await asyncio.to_thread(lock.acquire)
    hub = get_hub()
    hub.start(render)
    page_activity.streams, page_activity.runs = hub.__len__, hub.watched_runs
    try:
        async with running(
            {
                "the sync with Mobius": follow,
                "the check of the connection": connection.keep_checking,
                "the settling of answers": settle,
                "the confirming of accepted answers": confirmer.run,
                "what commands have changed": log_watcher.run,
                "the recounting of Insights": recount,
                "who is looking": get_presence().keep_sweeping,
                "the check of the database": database.watch.run,
                "the check of the lock": lock.keep,
            }
        ):
            yield
    finally:
        await hub.stop()
        await clients.close()
        lock.release()


served = StaticFiles(Handoff(RequestBodies(PageSlots(pages)), get_hub()))
application = Lifespan(served, background=background, at_signal=get_hub().close)
