"""The leader runs the tasks that must run only once. Followers try to take the lease every second,
and show its report.
"""

import logging
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol

from django.conf import settings
from django.db import OperationalError
from django.utils.crypto import salted_hmac

from inbox.lib.process_name import NAME, host_and_process
from inbox.lib.startup import StartRefused
from inbox.live import topics
from inbox.live.alarm import Alarm
from inbox.live.bus import Changed, get_bus
from inbox.processes.background_tasks import OnFailure, Tasks, running
from inbox.processes.lease import State, SyncLease, sync_lease

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two checks of the lease."""
RENEW_EVERY = 3.0
CHANNEL = "lease"
ENDED = "ended processes"
"""The channel on which a process announces that it ends and has published all its changes."""


class Status(Protocol):
    def report(self) -> dict[str, Any]: ...

    def follow(self, report: dict[str, Any] | None) -> None:
        """Take over the leader's report; None if no process leads."""

    def refresh(self) -> None:
        """Update open pages if the passing of time has changed what they show."""


class LeaderElection:
    """``tasks`` are what only the leader runs."""

    def __init__(
        self,
        tasks: Tasks,
        *,
        status: Status,
        on_failure: OnFailure,
        lease: SyncLease = sync_lease,
    ) -> None:
        self._tasks = tasks
        self._status = status
        self._on_failure = on_failure
        self._lease = lease
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
        term = self._lease.term
        if term is None:
            return
        log.info("this process leads now: %s", host_and_process(NAME))
        # The previous leader may have ended before it published its last change.
        get_bus().publish([topics.everything()])
        self._processes = await self._lease.processes()
        try:
            async with running(self._tasks, on_failure=self._on_failure, new_context=term.context):
                await self._keep()
            log.warning("this process no longer leads: %s", host_and_process(NAME))
        finally:
            with suppress(OperationalError):
                await self._lease.release()
            get_bus().broadcast(CHANNEL)

    async def _keep(self) -> None:
        """Renew the lease, at once when the report changes. Returns when the lease is lost."""
        reported: dict[str, Any] = {}
        renewed_at = float("-inf")
        while not self._lease.lost:
            report = {
                "sync": self._status.report(),
                "secret_key": fingerprint(),
                "vapid_key": push_fingerprint(),
            }
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
        """A process that ended without announcing it may not have published its last change."""
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
    """Equal in two processes with the same ``SECRET_KEY``."""
    return salted_hmac("reviewer_site.leading", "").hexdigest()[:16]


def push_fingerprint() -> str | None:
    """Equal in two processes with the same ``VAPID_KEY``; None if web push isn't offered."""
    if not settings.VAPID_KEY or not settings.PUSH_CONTACT:
        return None
    return salted_hmac("reviewer_site.push", settings.VAPID_KEY).hexdigest()[:16]


def require_same_keys(state: State | None) -> None:
    """Raise ``StartRefused`` if the leader has another ``SECRET_KEY``: people would be signed out
    whenever the other process answers. The same for ``VAPID_KEY``: browsers would be given up as
    soon as the other process leads.
    """
    others = state.report.get("secret_key") if state is not None and state.led else None
    if others not in (None, fingerprint()):
        raise StartRefused(
            "The leading process has a different SECRET_KEY. Give all processes the same "
            "SECRET_KEY and CREDENTIAL_KEYS in their environment."
        )
    pushing = state.report.get("vapid_key") if state is not None and state.led else None
    if None not in (pushing, push_fingerprint()) and pushing != push_fingerprint():
        raise StartRefused(
            "The leading process has a different VAPID_KEY. Give all processes the same VAPID_KEY "
            "in their environment: copy it from the secrets.env of the leader's machine."
        )
