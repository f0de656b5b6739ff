"""One of several web processes is the leader, the others are followers.

The leader runs the tasks that must run only once. A follower checks every second whether the lease
is free, and shows from the leader's report how current the mirror is.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from django.db import OperationalError
from django.utils.crypto import salted_hmac

from inbox.live import topics
from inbox.live.alarm import Alarm
from inbox.live.bus import Changed, get_bus
from inbox.mirror.freshness import SyncStatus, sync_status
from inbox.mirror.lease import State, SyncLease, sync_lease
from inbox.services.installation import StartRefused
from reviewer_site.lifespan import BackgroundTask, running

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two checks of the lease."""
RENEW_EVERY = 3.0
CHANNEL = "lease"
ENDED = "ended processes"
"""The channel on which a process announces that it ends and has published all its changes."""


class LeaderElection:
    """Takes and keeps the lease for this process.

    Args:
        tasks: what only the leader runs.
    """

    def __init__(
        self,
        tasks: Mapping[str, BackgroundTask],
        *,
        lease: SyncLease = sync_lease,
        status: SyncStatus = sync_status,
    ) -> None:
        self._tasks = tasks
        self._lease = lease
        self._status = status
        self._alarm = Alarm()
        self._processes: set[str] = set()
        self._shown_changed = False

    async def run(self) -> None:
        """Run until cancelled; then another process may take the lease at once."""
        self._alarm.start()
        get_bus().on_broadcast(CHANNEL, lambda _: self._alarm.ring())
        get_bus().on_broadcast(ENDED, self._note_ended)
        unsubscribe = get_bus().subscribe(self._on_changed)
        try:
            while True:
                try:
                    await self._look()
                except OperationalError as error:
                    log.warning("the lease can't be read", exc_info=error)
                    self._status.follow(None)
                await self._alarm.wait(LOOK_EVERY)
        finally:
            unsubscribe()

    async def _look(self) -> None:
        state = await self._lease.look()
        if state is not None and state.led:
            self._status.follow(state.report.get("sync"))
        elif await self._lease.take():
            await self._lead()
        else:
            self._status.follow(None)
        # What pages show can change just because time passes.
        self._status.refresh()

    async def _lead(self) -> None:
        """Run the tasks until the lease is lost."""
        term = self._lease.term
        if term is None:
            return
        log.info("this process leads now (%d)", term.number)
        # The previous leader may have ended before it published its last change.
        get_bus().publish([topics.everything()])
        self._processes = await self._lease.processes()
        try:
            async with running(self._tasks, new_context=term.context):
                await self._keep()
            log.warning("this process no longer leads")
        finally:
            with suppress(OperationalError):
                await self._lease.release()
            get_bus().broadcast(CHANNEL)

    async def _keep(self) -> None:
        """Renew the lease, at once when the report changes. Returns when the lease is lost."""
        reported: dict[str, Any] = {}
        renewed_at = float("-inf")
        while not self._lease.lost:
            report = {"sync": self._status.report(), "secret_key": fingerprint()}
            if report != reported or monotonic() - renewed_at >= RENEW_EVERY:
                try:
                    if not await self._lease.renew(report):
                        return
                except OperationalError as error:
                    log.warning("the lease could not be renewed", exc_info=error)
                    if self._lease.expired:
                        return
                else:
                    reported, renewed_at = report, monotonic()
                    await self._note_ended_processes()
                    if self._shown_changed:
                        self._shown_changed = False
                        get_bus().broadcast(CHANNEL)
            await self._alarm.wait(LOOK_EVERY)

    async def _note_ended_processes(self) -> None:
        """Update all open pages if a process has ended without announcing it: it may not have
        published its last change.
        """
        before, self._processes = self._processes, await self._lease.processes()
        if before - self._processes:
            get_bus().publish([topics.everything()])

    def _note_ended(self, name: str) -> None:
        self._processes.discard(name)

    def _on_changed(self, changed: Changed) -> None:
        if topics.freshness() in changed and self._lease.term is not None:
            self._shown_changed = True
            self._alarm.ring()


def fingerprint() -> str:
    """The same in two processes if they have the same ``SECRET_KEY``."""
    return salted_hmac("reviewer_site.leading", "").hexdigest()[:16]


def require_same_keys(state: State | None) -> None:
    """Raise ``StartRefused`` if the leader has another ``SECRET_KEY``: people would be signed out
    whenever the other process answers.
    """
    others = state.report.get("secret_key") if state is not None and state.led else None
    if others not in (None, fingerprint()):
        raise StartRefused(
            "The leading process has a different SECRET_KEY. Give all processes the same "
            "SECRET_KEY and CREDENTIAL_KEYS in their environment."
        )
