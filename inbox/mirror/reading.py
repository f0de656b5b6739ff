"""Reads all of a run when someone opens it."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async

from inbox.mirror import capabilities
from inbox.mirror.snapshots import Deleted, Payload
from inbox.mirror.store import Store
from inbox.mobius import types
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, Unreachable
from inbox.mobius.types import Event, Offer
from inbox.models import Event as EventRow
from inbox.models import Run, Upstream
from inbox.page_slots import locked, waiting

PAUSE = 0.3
"""Seconds without an event after which the replay of a complete log counts as finished."""
SILENCE = 3.0
"""Seconds that upstream may take for the next event until the log is complete."""

_under_way: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()
"""The reads in this process: each run is read once at a time."""


@dataclass(frozen=True)
class _Stored:
    """What the mirror has of a run: whether it is complete, and the seq of its newest event."""

    complete: bool
    newest: int


async def read_run(client: MobiusClient, upstream: Upstream, run_id: str) -> None:
    """Read the run with its plan, its steps and its whole log.

    Does nothing if the mirror has all that; concurrent calls read once. A run that upstream does
    not know is marked deleted, unless the call itself may be missing. Raises MobiusError.
    """
    key = (id(asyncio.get_running_loop()), upstream.pk, run_id)
    lock = _under_way.setdefault(key, asyncio.Lock())
    async with locked(lock):
        stored = await sync_to_async(_stored)(upstream, run_id)
        if not stored.complete:
            await _read(client, upstream, run_id, stored.newest)


def is_complete(upstream: Upstream, run: Run) -> bool:
    """Whether the mirror has all of the run that its upstream offers."""
    offers = capabilities.of(upstream)
    has_plan = run.plan is not None or offers.run is Offer.NO
    has_log = run.log_from == 0 or offers.run_events is Offer.NO
    return run.gone or (has_plan and has_log)


def _stored(upstream: Upstream, run_id: str) -> _Stored:
    run = Run.objects.filter(upstream=upstream, mobius_id=run_id).first()
    events = EventRow.objects.filter(upstream=upstream, run_id=run_id).order_by("-seq")
    newest = events.values_list("seq", flat=True).first()
    return _Stored(complete=run is not None and is_complete(upstream, run), newest=newest or 0)


async def _read(client: MobiusClient, upstream: Upstream, run_id: str, newest: int) -> None:
    """Read and store what is missing. A failed call does not stop the others."""
    store, offers = Store(upstream), capabilities.of(upstream)
    run, steps = await asyncio.gather(
        _nothing() if offers.run is Offer.NO else client.run(run_id),
        _nothing() if offers.steps is Offer.NO else client.steps(run_id),
        return_exceptions=True,
    )
    if isinstance(run, NotFound) and offers.run is Offer.YES:
        await store.apply([Deleted(run_id=run_id)])
        return
    payloads: list[Payload] = []
    if isinstance(run, types.Run):
        payloads.append(run)
    if isinstance(steps, tuple):
        payloads += steps
    failed = [result for result in (run, steps) if isinstance(result, BaseException)]
    events: list[Event] | None = None
    if offers.run_events is not Offer.NO and isinstance(run, types.Run):
        try:
            events = await _replay(client, run_id, upto=run.updated_at, newest=newest)
        except MobiusError as error:
            failed.append(error)
    await store.apply(
        [*payloads, *(events or ())], complete_runs=[] if events is None else [run_id]
    )
    if failed:
        raise failed[0]


async def _nothing() -> None:
    return None


async def _replay(client: MobiusClient, run_id: str, *, upto: datetime, newest: int) -> list[Event]:
    """The run's log, at least up to its state at ``upto`` and its event ``newest``.

    Upstream does not mark the end of a replay; a pause after that point is taken for it.
    """

    def give_up(error: MobiusError) -> None:
        raise error

    events: list[Event] = []
    has_state = has_newest = False
    async with aclosing(client.events(since=0, run_id=run_id, on_break=give_up)) as stream:
        while True:
            complete = has_state and has_newest
            try:
                async with waiting(), asyncio.timeout(PAUSE if complete else SILENCE):
                    event = await anext(stream)
            except TimeoutError:
                if complete:
                    return events
                raise Unreachable("Mobius did not send the run's events.", sent=True) from None
            if event.logged:
                events.append(event)
                has_newest = has_newest or event.seq >= newest
                has_state = has_state or (event.run is not None and event.run.updated_at >= upto)
