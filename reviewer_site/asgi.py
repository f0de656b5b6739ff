"""The ASGI application: Django, its ASGI middleware, and the background tasks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
django.setup(set_prefix=False)

from inbox import metrics  # noqa: E402
from inbox.live.bus import get_bus  # noqa: E402
from inbox.live.dedicated_connection import NAME, dedicated_connection  # noqa: E402
from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.live.page_activity import page_activity  # noqa: E402
from inbox.live.postgres_bus import postgres_bus  # noqa: E402
from inbox.live.presence import get_presence  # noqa: E402
from inbox.mirror import database  # noqa: E402
from inbox.mirror.index import rebuild_if_rules_changed  # noqa: E402
from inbox.mirror.lease import sync_lease  # noqa: E402
from inbox.mirror.rebuild import rebuild_if_zone_changed  # noqa: E402
from inbox.mirror.sync import Sync  # noqa: E402
from inbox.page_slots import SLOTS, PageSlots, Slots  # noqa: E402
from inbox.people import clients  # noqa: E402
from inbox.request_body import RequestBodies  # noqa: E402
from inbox.request_log import RequestLog  # noqa: E402
from inbox.services import incidents, installation, measuring, upkeep  # noqa: E402
from inbox.services.audit.anchor import anchor  # noqa: E402
from inbox.services.audit.log_status import log_verifier  # noqa: E402
from inbox.services.batch_runner import batch_runner  # noqa: E402
from inbox.services.confirming import confirmer  # noqa: E402
from inbox.services.connection import connection  # noqa: E402
from inbox.services.log_watcher import log_watcher  # noqa: E402
from inbox.services.sending import sender  # noqa: E402
from inbox.services.snooze import returns  # noqa: E402
from inbox.web.live.fragments import render  # noqa: E402 - models need Django set up
from reviewer_site.handler import PageHandler  # noqa: E402
from reviewer_site.leader_election import ENDED, LeaderElection, require_same_keys  # noqa: E402
from reviewer_site.lifespan import BackgroundTask, Lifespan, running  # noqa: E402
from reviewer_site.static import StaticFiles  # noqa: E402
from reviewer_site.web_process_lock import (  # noqa: E402
    NO_LISTEN,
    PooledLock,
    WebProcessLock,
    require_shared,
)

SETTLE_EVERY = 60.0
VERIFY_EVERY = 60.0


async def follow() -> None:
    await Sync(clients.service_client()).run()


async def settle() -> None:
    while True:
        await upkeep.once()
        await asyncio.sleep(SETTLE_EVERY)


async def recount() -> None:
    """Recount *Insights* if ``TIME_ZONE`` has changed; then wait until cancelled."""
    await rebuild_if_zone_changed()
    await asyncio.Event().wait()


async def index() -> None:
    """Index the questions again if the rules have changed, then wait until cancelled."""
    await rebuild_if_rules_changed()
    await asyncio.Event().wait()


async def verify() -> None:
    while True:
        await sync_to_async(log_verifier.verify_next_part)()
        await asyncio.sleep(VERIFY_EVERY)


ONCE: dict[str, BackgroundTask] = {
    "the sync with Mobius": follow,
    "the upkeep": settle,
    "the confirmation of accepted answers": confirmer.run,
    "the sending of held answers": sender.run,
    "the sending of batches": batch_runner.run,
    "the recounting of Insights": recount,
    "the indexing of questions": index,
    "the alerts to administrators": incidents.run,
}
"""Tasks that one process runs for all."""
EACH: dict[str, BackgroundTask] = {
    "the check of the connection": connection.keep_checking,
    "the return of snoozed questions": returns.run,
    "the watch for changes by commands": log_watcher.run,
    "the verification of the decision log": verify,
    "the presence of viewers": get_presence().keep_sweeping,
    "the reports of open pages": page_activity.keep_reporting,
    "the check of the database": database.watch.run,
    "the metrics": measuring.run,
}
"""Tasks that each process runs for itself."""


@asynccontextmanager
async def shared() -> AsyncIterator[dict[str, BackgroundTask]]:
    """Use the database together with other processes, or alone. Yields the tasks for that, and
    with them those that only one process runs.

    Raises ``StartRefused`` if another process that can't share the database is using it.
    """
    if connections["default"].vendor != "postgresql":
        async with _locked(WebProcessLock(connections["default"])) as tasks:
            yield tasks | ONCE
        return
    dedicated_connection.start()
    try:
        if await postgres_bus.start():
            async with _one_of_several() as tasks:
                yield tasks
            return
    finally:
        await dedicated_connection.stop()
    if settings.SHARES_DATABASE:
        raise installation.StartRefused(NO_LISTEN)
    lock = PooledLock()
    await lock.acquire()
    try:
        yield {"the check of the lock": lock.keep} | ONCE
    finally:
        await lock.release()


@asynccontextmanager
async def _one_of_several() -> AsyncIterator[dict[str, BackgroundTask]]:
    try:
        async with _locked(WebProcessLock(connections["default"], shared=True)) as tasks:
            await require_shared(dedicated_connection)
            require_same_keys(await sync_lease.look())
            anchor.listen()
            tasks["the changes of other processes"] = postgres_bus.run
            yield tasks | {"the lease": LeaderElection(ONCE).run}
            get_bus().broadcast(ENDED, NAME)
    finally:
        await postgres_bus.stop()


@asynccontextmanager
async def _locked(lock: WebProcessLock) -> AsyncIterator[dict[str, BackgroundTask]]:
    await asyncio.to_thread(lock.acquire)
    try:
        yield {"the check of the lock": lock.keep}
    finally:
        lock.release()


@asynccontextmanager
async def background() -> AsyncIterator[None]:
    """Check the installation, then run the background tasks until the context ends."""
    await sync_to_async(installation.prepare)()
    await sync_to_async(installation.secure_files)()
    await sync_to_async(installation.report_log)()
    async with shared() as tasks:
        metrics.delete_files(own=False)
        hub = get_hub()
        hub.start(render)
        page_activity.streams, page_activity.watched_runs = hub.__len__, hub.watched_runs
        try:
            async with running(tasks | EACH):
                yield
        finally:
            await hub.stop()
            await clients.close()


slots = Slots(SLOTS)
pages = RequestBodies(PageSlots(PageHandler(), slots))
served = StaticFiles(RequestLog(Handoff(pages, get_hub(), slots)))
application = Lifespan(served, background=background, at_signal=get_hub().close)
