"""Keeping the mirror up to date. One sync runs per installation."""

import asyncio
import logging
from time import monotonic

from inbox.mirror import capabilities, database, freshness
from inbox.mirror.api_choice import ApiChanged, ApiChoice
from inbox.mirror.freshness import Reason, SyncStatus, Trouble
from inbox.mirror.full_sync import FullSync
from inbox.mirror.session import Intervals, OffersChanged, SyncSession, UpstreamReset
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError
from inbox.mobius.probing import probe
from inbox.mobius.timing import Backoff
from inbox.processes import lease

log = logging.getLogger(__name__)


class Sync:
    """Failures are reported in the log and through ``freshness``, and tried again.

    ``client`` uses the service key; the caller closes it. It is of the generation that is current.
    """

    def __init__(
        self,
        client: MobiusClient,
        *,
        choice: ApiChoice | None = None,
        sync_status: SyncStatus | None = None,
        intervals: Intervals | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._choice = choice or ApiChoice()
        self._sync_status = sync_status or freshness.sync_status
        self._intervals = intervals or Intervals()
        self._backoff = backoff or Backoff()

    async def run(self) -> None:
        """Run until another generation of the API is chosen.

        Raises ``LeaseLost`` once another process leads.
        """
        failures = 0
        while True:
            began = monotonic()
            error = await self._run_session()
            if isinstance(error, UpstreamReset):
                log.warning("Mobius has lost its data or was restored, so everything is read again")
                continue
            if isinstance(error, OffersChanged):
                log.warning("what Mobius offers has changed: %s", error)
                continue
            if isinstance(error, ApiChanged):
                return
            if lease.is_lost(error):
                raise error
            failures = 1 if monotonic() - began > self._intervals.full_sync else failures + 1
            database.watch.check_after(error)
            log.error("the mirror stopped and will start again", exc_info=error)
            self._sync_status.update(connected=False, trouble=Trouble(Reason.STOPPED))
            await asyncio.sleep(self._backoff.delay(failures))

    async def full_sync(self) -> None:
        """Raises MobiusError."""
        store = await Store.current()
        await FullSync(self._client, store, lambda: store.upstream.cursor or 0).run()

    async def _probe(self, store: Store) -> None:
        try:
            probed = await probe(self._client, capabilities.load(store.upstream))
        except MobiusError as error:
            log.warning("what Mobius offers could not be determined: %s", error)
        else:
            await store.save_capabilities(probed)

    async def _open(self) -> Store:
        store = await Store.current()
        await self._choice.look(self._client, store.upstream)
        return store

    async def _run_session(self) -> BaseException:
        """Returns the error that ended the session; failed calls to Mobius don't end it."""
        opening = asyncio.ensure_future(self._open())
        await asyncio.wait({opening})
        error = opening.exception()
        if error is not None:
            return error
        store = opening.result()
        await self._probe(store)
        session = SyncSession(
            self._client,
            store,
            choice=self._choice,
            sync_status=self._sync_status,
            intervals=self._intervals,
            backoff=self._backoff,
        )
        tasks = [asyncio.create_task(job) for job in session.jobs()]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return next(iter(done)).exception() or RuntimeError("a part of the mirror ended by itself")
