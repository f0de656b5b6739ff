import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import django
from asgiref.sync import sync_to_async
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewer_site.settings")
django.setup(set_prefix=False)

from inbox.answering.batch_runner import batch_runner  # noqa: E402
from inbox.answering.confirming import confirmer  # noqa: E402
from inbox.answering.held import sender  # noqa: E402
from inbox.answering.snooze import returns  # noqa: E402
from inbox.audit.anchor import appender  # noqa: E402
from inbox.audit.log_status import log_verifier  # noqa: E402
from inbox.lib.page_slots import SLOTS, PageSlots, Slots  # noqa: E402
from inbox.lib.process_name import NAME  # noqa: E402
from inbox.lib.request_body import RequestBodies  # noqa: E402
from inbox.lib.request_log import RequestLog  # noqa: E402
from inbox.lib.startup import StartRefused  # noqa: E402
from inbox.lib.static_files import StaticFiles  # noqa: E402
from inbox.live.bus import get_bus  # noqa: E402
from inbox.live.handoff import Handoff  # noqa: E402
from inbox.live.hub import get_hub  # noqa: E402
from inbox.live.page_activity import page_activity  # noqa: E402
from inbox.live.presence import get_presence  # noqa: E402
from inbox.mirror import database  # noqa: E402
from inbox.mirror.api_choice import ApiChoice  # noqa: E402
from inbox.mirror.freshness import sync_status  # noqa: E402
from inbox.mirror.index import rebuild_if_rules_changed  # noqa: E402
from inbox.mirror.rebuild import rebuild_if_zone_changed  # noqa: E402
from inbox.mirror.sync import Sync  # noqa: E402
from inbox.notify import incidents, outbox  # noqa: E402
from inbox.people import clients  # noqa: E402
from inbox.processes.background_tasks import BackgroundTask, running  # noqa: E402
from inbox.processes.dedicated_connection import dedicated_connection  # noqa: E402
from inbox.processes.leader_election import ENDED, LeaderElection, require_same_keys  # noqa: E402
from inbox.processes.lease import sync_lease  # noqa: E402
from inbox.processes.postgres_bus import postgres_bus  # noqa: E402
from inbox.processes.web_process_lock import NO_LISTEN, WebProcessLock  # noqa: E402
from inbox.upstream import device_sign_in, installation, measuring, token_revocations, upkeep  # noqa: E402
from inbox.upstream.connection import connection  # noqa: E402
from inbox.upstream.log_watcher import log_watcher  # noqa: E402
from inbox.web.live.fragments import render  # noqa: E402 - models need Django set up
from reviewer_site.handler import PageHandler  # noqa: E402
from reviewer_site.lifespan import Lifespan  # noqa: E402

SETTLE_EVERY = 60.0
VERIFY_EVERY = 60.0


async def follow() -> None:
    """A sync ends when another generation of the API is chosen."""
    choice = ApiChoice()
    while True:
        await Sync(await clients.background_client(), choice=choice).run()


async def settle() -> None:
    while True:
        await upkeep.once()
        await asyncio.sleep(SETTLE_EVERY)


async def recount() -> None:
    """Tasks run forever, so this one waits when it is done."""
    await rebuild_if_zone_changed()
    await asyncio.Event().wait()


async def index() -> None:
    """Index the questions again if the rules have changed."""
    await rebuild_if_rules_changed()
    await asyncio.Event().wait()


async def verify() -> None:
    while True:
        await sync_to_async(appender.catch_up)()
        await sync_to_async(log_verifier.verify_next_part)()
        await asyncio.sleep(VERIFY_EVERY)


LEADER_TASKS: dict[str, BackgroundTask] = {
    "the sync with Mobius": follow,
    "the upkeep": settle,
    "the confirmation of accepted answers": confirmer.run,
    "the sending of held answers": sender.run,
    "the sending of batches": batch_runner.run,
    "the recounting of Insights": recount,
    "the indexing of questions": index,
    "the alerts to administrators": incidents.run,
    "the sign-ins at Mobius": device_sign_in.polling.run,
    "the revocation of member tokens": token_revocations.sending.run,
    "the notifications": outbox.run,
}
"""One process runs these for all."""
PROCESS_TASKS: dict[str, BackgroundTask] = {
    "the check of the connection": connection.keep_checking,
    "the return of snoozed questions": returns.run,
    "the watch for changes by commands": log_watcher.run,
    "the verification of the decision log": verify,
    "the presence of viewers": get_presence().keep_sweeping,
    "the reports of open pages": page_activity.keep_reporting,
    "the check of the database": database.watch.run,
    "the metrics": measuring.run,
    "the metrics of the database": measuring.keep_counting,
}
"""Each process runs these for itself."""


@asynccontextmanager
async def shared() -> AsyncIterator[dict[str, BackgroundTask]]:
    """The tasks of sharing the database with other processes, and the leader's. Raises
    ``StartRefused``.
    """
    if connections["default"].vendor != "postgresql":
        async with _locked(WebProcessLock(connections["default"])) as tasks:
            yield tasks | LEADER_TASKS
        return
    dedicated_connection.start()
    try:
        if not await postgres_bus.start():
            raise StartRefused(NO_LISTEN)
        async with _one_of_several() as tasks:
            yield tasks
    finally:
        await dedicated_connection.stop()


@asynccontextmanager
async def _one_of_several() -> AsyncIterator[dict[str, BackgroundTask]]:
    try:
        async with _locked(WebProcessLock(connections["default"])) as tasks:
            require_same_keys(await sync_lease.look())
            tasks["the changes of other processes"] = postgres_bus.run
            election = LeaderElection(
                LEADER_TASKS, status=sync_status, on_failure=database.watch.check_after
            )
            yield tasks | {"the lease": election.run}
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
    await sync_to_async(installation.prepare)()
    await sync_to_async(installation.secure_files)()
    await sync_to_async(installation.report_log)()
    async with shared() as tasks:
        hub = get_hub()
        hub.start(render)
        page_activity.streams, page_activity.watched_runs = hub.__len__, hub.watched_runs
        try:
            async with running(tasks | PROCESS_TASKS, on_failure=database.watch.check_after):
                yield
        finally:
            await hub.stop()
            await clients.close()


slots = Slots(SLOTS)
pages = RequestBodies(PageSlots(PageHandler(), slots))
served = StaticFiles(RequestLog(Handoff(pages, get_hub(), slots)))
application = Lifespan(served, background=background, at_signal=get_hub().close)
