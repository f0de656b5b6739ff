"""Reading one run whole, when somebody opens it."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async

from inbox.mirror import capabilities
from inbox.mirror.snapshots import Gone, Reading
from inbox.mirror.store import Store
from inbox.mobius import types
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, Unreachable
from inbox.mobius.types import Event, Offer
from inbox.models import Event as EventRow
from inbox.models import Run, Upstream
from inbox.page_slots import locked, waiting

PAUSE = 0.3
"""Seconds without an event after which the replay of a run's log counts as over."""
SILENCE = 3.0
"""Seconds that upstream may take for the next event before that."""

_under_way: WeakValueDictionary[tuple[int, int, str], asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True)
class _Held:
    """What the mirror has of the run: its newest event, and whether anything is missing."""

    whole: bool
    newest: int


async def read_run(client: MobiusClient, upstream: Upstream, run_id: str) -> None:
    """Fetch the run with its plan, its steps and its log from the first event on.

    Does nothing where the mirror has them all; several callers at once read once. A run that
    upstream does not know is marked gone where the mirror holds it, unless upstream may not have
    the call at all. Raises MobiusError.
    """
    key = (id(asyncio.get_running_loop()), upstream.pk, run_id)
    lock = _under_way.setdefault(key, asyncio.Lock())
    async with locked(lock):
        held = await sync_to_async(_held)(upstream, run_id)
        if not held.whole:
            await _read(client, upstream, run_id, held.newest)


def is_whole(upstream: Upstream, run: Run) -> bool:
    """The mirror has all of it that its upstream can tell."""
    offers = capabilities.of(upstream)
    has_plan = run.plan is not None or offers.run is Offer.NO
    has_log = run.log_from == 0 or offers.run_events is Offer.NO
    return run.gone or (has_plan and has_log)


def _held(upstream: Upstream, run_id: str) -> _Held:
    run = Run.objects.filter(upstream=upstream, mobius_id=run_id).first()
    events = EventRow.objects.filter(upstream=upstream, run_id=run_id).order_by("-seq")
    newest = events.values_list("seq", flat=True).first()
    return _Held(whole=run is not None and is_whole(upstream, run), newest=newest or 0)


async def _read(client: MobiusClient, upstream: Upstream, run_id: str, newest: int) -> None:
    """What one call fails to tell is left for the next time, and keeps nothing else back."""
    store, offers = Store(upstream), capabilities.of(upstream)
    run, steps = await asyncio.gather(
        _none() if offers.run is Offer.NO else client.run(run_id),
        _none() if offers.steps is Offer.NO else client.steps(run_id),
        return_exceptions=True,
    )
    if isinstance(run, NotFound) and offers.run is Offer.YES:
        await store.apply([Gone(run_id=run_id)])
        return
    found: list[Reading] = []
    if isinstance(run, types.Run):
        found.append(run)
    if isinstance(steps, tuple):
        found += steps
    failed = [one for one in (run, steps) if isinstance(one, BaseException)]
    events: list[Event] | None = None
    if offers.run_events is not Offer.NO and isinstance(run, types.Run):
        try:
            events = await _replay(client, run_id, upto=run.updated_at, newest=newest)
        except MobiusError as error:
            failed.append(error)
    await store.apply([*found, *(events or ())], whole=[] if events is None else [run_id])
    if failed:
        raise failed[0]


async def _none() -> None:
    return None


async def _replay(client: MobiusClient, run_id: str, *, upto: datetime, newest: int) -> list[Event]:
    """The run's log, at least as far as its state ``upto`` and its event ``newest``.

    Upstream does not say where a replay ends: it has when a pause follows that point.
    """

    def give_up(error: MobiusError) -> None:
        raise error

    events: list[Event] = []
    told_state = told_newest = False
    async with aclosing(client.events(since=0, run_id=run_id, on_break=give_up)) as stream:
        while True:
            whole = told_state and told_newest
            try:
                async with waiting(), asyncio.timeout(PAUSE if whole else SILENCE):
                    event = await anext(stream)
            except TimeoutError:
                if whole:
                    return events
                raise Unreachable("Mobius did not send the run's events.", sent=True) from None
            if event.logged:
                events.append(event)
                told_newest = told_newest or event.seq >= newest
                told_state = told_state or (event.run is not None and event.run.updated_at >= upto)
