"""Cancelling, retrying and signals, each sent once with the lead's own token. Cancelling a finished
run returns no error, so the run is read before and after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from inbox import access
from inbox.access import NotTheirs, viewer_of
from inbox.access.redaction import masked
from inbox.answering.command import READ_WITHIN, Command, execute, is_uncertain
from inbox.answering.outcome import Kind, Outcome, refused
from inbox.audit import decision_log
from inbox.audit.decision_log import entry_by
from inbox.audit.origin import BACKGROUND, Origin
from inbox.mirror import capabilities, project
from inbox.mobius import types
from inbox.mobius.errors import Conflict, MobiusError, NotFound, RateLimited, Unauthorized
from inbox.mobius.probing import MISSING
from inbox.mobius.timing import time_limit
from inbox.models import Reviewer, Run, Upstream
from inbox.people import credentials
from inbox.people.clients import NoCredential, RequestCredential, member_credential, service_client


class Verb(StrEnum):
    CANCEL = "run_cancelled"
    SIGNAL = "run_signalled"
    RETRY = "run_retried"


PERMISSION = {
    Verb.CANCEL: access.CANCEL_RUN,
    Verb.SIGNAL: access.SIGNAL_RUN,
    Verb.RETRY: access.RETRY_RUN,
}
LIMITS = (
    "budget_exceeded",
    "turn_limit_reached",
    "wall_clock_exceeded",
    "step_limit_reached",
    "progress_stalled",
)
"""Reasons for which a run would stop again at once."""


def reached_limit(upstream: Upstream, run: Run) -> bool:
    return upstream.adapter.stop_reason(run.raw) in LIMITS


def is_retryable(upstream: Upstream, run: Run) -> bool:
    """As far as the mirror knows."""
    has_failed = run.status == "failed" and not run.cancelled
    return upstream.adapter.has_retries and has_failed and not reached_limit(upstream, run)


@dataclass(frozen=True)
class RunCommand(Command[Run]):
    """``value`` is a signal and its payload, for the decision log."""

    verb: Verb
    reviewer: Reviewer
    upstream: Upstream
    run: Run
    credential: RequestCredential
    origin: Origin
    value: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        return self.run.mobius_id

    async def send(self) -> types.Run | None:
        client, id = self.credential.client(), self.run.mobius_id
        match self.verb:
            case Verb.CANCEL:
                await client.cancel_run(id)
            case Verb.RETRY:
                return await client.retry_run(id)
            case Verb.SIGNAL:
                await client.signal(id, name=self.value["signal"], payload=self.value["payload"])
        return None

    async def read(self, *, within: float = READ_WITHIN) -> Run:
        async with time_limit(within):
            snapshot = await service_client(self.upstream).run(self.run.mobius_id)
        return await sync_to_async(self._mirror)(snapshot)

    def _mirror(self, snapshot: types.Run) -> Run:
        project.apply(self.upstream, [snapshot], read_at=timezone.now()).publish()
        return Run.objects.get(pk=self.run.pk)

    def on_accepted(self, response: types.Run | None) -> Outcome[Run] | None:
        """The response to a cancellation does not show its effect; the run does."""
        if self.verb is Verb.CANCEL:
            return None
        self._log()
        if response is None:
            return self.outcome(Kind.SIGNALLED)
        return self.outcome(Kind.RETRIED, self._mirror(response))

    def on_recheck(self, snapshot: Run | None) -> Outcome[Run]:
        if snapshot is None:
            self._log()
            return self.outcome(Kind.CANCELLED)
        return self._after_cancellation(snapshot)

    def on_not_sent(self, error: MobiusError) -> Outcome[Run]:
        return self.refused(error)

    def on_error(self, error: MobiusError, snapshot: Run | None) -> Outcome[Run]:
        cancels = self.verb is Verb.CANCEL
        if cancels and error.status in MISSING:
            # The run was read just before, so it is the call that is missing.
            capabilities.record_no_cancellation(self.upstream)
        if is_uncertain(error) and cancels and snapshot is not None:
            return self._after_cancellation(snapshot)
        if self.verb is Verb.RETRY and snapshot is not None:
            return self._after_retry(error, snapshot)
        if is_uncertain(error):
            self._log(arrived="unknown")
            return self.outcome(Kind.UNCONFIRMED)
        if isinstance(error, Conflict) and snapshot is not None and snapshot.finished:
            return self.outcome(Kind.ENDED_BEFORE, snapshot)
        return self.refused(error)

    def _after_cancellation(self, run: Run) -> Outcome[Run]:
        if run.cancelled:
            self._log()
            return self.outcome(Kind.CANCELLED, run)
        return self.outcome(Kind.ENDED_BEFORE if run.finished else Kind.STILL_OPEN, run)

    def _after_retry(self, error: MobiusError, run: Run) -> Outcome[Run]:
        goes_on = not run.finished or run.attempt > self.run.attempt
        if is_uncertain(error):
            if goes_on:
                self._log()
            return self.outcome(Kind.RETRIED if goes_on else Kind.STILL_OPEN, run)
        return self.outcome(Kind.NOT_RETRYABLE, run) if goes_on else self.refused(error)

    def outcome(self, kind: Kind, run: Run | None = None) -> Outcome[Run]:
        return Outcome(kind, run or self.run, self.verb, signal=self.value.get("signal", ""))

    def refused(self, error: MobiusError) -> Outcome[Run]:
        if isinstance(error, Unauthorized):
            credentials.mark_refused(self.reviewer)
        return refused(error, self.run, verb=self.verb)

    @transaction.atomic
    def _log(self, **facts: Any) -> None:
        decision_log.append(
            entry_by(
                self.reviewer,
                verb=self.verb.value,
                upstream=self.upstream,
                origin=self.origin,
                credential_kind=self.credential.kind,
                run_id=self.run.mobius_id,
                workflow=self.run.workflow,
                value=masked({**self.value, **facts}),
            )
        )


async def cancel(
    *, reviewer: Reviewer, run_id: str, typed: str, origin: Origin = BACKGROUND
) -> Outcome[Run]:
    """``typed`` must match its ``confirmation_text``. Raises ``NotTheirs``."""
    ready = await sync_to_async(_prepare)(Verb.CANCEL, reviewer, run_id, origin)
    if isinstance(ready, Outcome):
        return ready
    if typed.strip() != ready.run.confirmation_text:
        return ready.outcome(Kind.WRONG_NAME)
    try:
        before = await ready.read()
    except (RateLimited, NotFound) as error:
        return refused(error, ready.run, verb=Verb.CANCEL)
    except MobiusError:
        return ready.outcome(Kind.UNREACHABLE)
    return ready.outcome(Kind.ENDED_BEFORE, before) if before.finished else await execute(ready)


async def retry(*, reviewer: Reviewer, run_id: str, origin: Origin = BACKGROUND) -> Outcome[Run]:
    """Raises ``NotTheirs``, also where runs can't be retried."""
    ready = await sync_to_async(_prepare)(Verb.RETRY, reviewer, run_id, origin)
    if isinstance(ready, Outcome):
        return ready
    if not ready.upstream.adapter.has_retries:
        raise NotTheirs(run_id)
    try:
        before = await ready.read()
    except (RateLimited, NotFound) as error:
        return refused(error, ready.run, verb=Verb.RETRY)
    except MobiusError:
        return ready.outcome(Kind.UNREACHABLE)
    if not is_retryable(ready.upstream, before):
        return ready.outcome(Kind.NOT_RETRYABLE, before)
    return await execute(replace(ready, run=before))


async def signal(
    *,
    reviewer: Reviewer,
    run_id: str,
    name: str,
    payload: Mapping[str, Any] | None,
    origin: Origin = BACKGROUND,
) -> Outcome[Run]:
    """Bypasses the run's questions. Raises ``NotTheirs``."""
    value = {"signal": name, "payload": None if payload is None else dict(payload)}
    ready = await sync_to_async(_prepare)(Verb.SIGNAL, reviewer, run_id, origin, value=value)
    return await execute(ready)


def _prepare(
    verb: Verb,
    reviewer: Reviewer,
    run_id: str,
    origin: Origin,
    *,
    value: Mapping[str, Any] | None = None,
) -> RunCommand | Outcome[Run]:
    viewer, upstream = viewer_of(reviewer.user), Upstream.current()
    run = access.runs(viewer, upstream).filter(mobius_id=run_id).first()
    if run is None or not access.has_permission(viewer, PERMISSION[verb]):
        raise NotTheirs(run_id)
    try:
        credential = member_credential(reviewer)
    except NoCredential as none:
        return Outcome(Kind.NO_CREDENTIAL, run, verb, lost=none.lost)
    return RunCommand(verb, reviewer, upstream, run, credential, origin, value or {})
