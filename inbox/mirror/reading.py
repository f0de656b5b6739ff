"""Reading one run whole, when somebody opens it."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from asgiref.sync import sync_to_async

from inbox.mirror.readings import Gone
from inbox.mirror.store import Store
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, Unreachable
from inbox.mobius.types import Event
from inbox.models import Event as EventRow
from inbox.models import Run, Upstream

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
    upstream does not know is marked gone where the mirror holds it. Raises MobiusError.
    """
    key = (id(asyncio.get_running_loop()), upstream.pk, run_id)
    lock = _under_way.setdefault(key, asyncio.Lock())
    async with lock:
        held = await sync_to_async(_held)(upstream, run_id)
        if not held.whole:
            await _read(client, upstream, run_id, held.newest)


def _held(upstream: Upstream, run_id: str) -> _Held:
    run = Run.objects.filter(upstream=upstream, mobius_id=run_id).first()
    events = EventRow.objects.filter(upstream=upstream, run_id=run_id).order_by("-seq")
    newest = events.values_list("seq", flat=True).first()
    whole = run is not None and (run.gone or (run.log_from == 0 and run.plan is not None))
    return _Held(whole=whole, newest=newest or 0)


async def _read(client: MobiusClient, upstream: Upstream, run_id: str, newest: int) -> None:
    store = Store(upstream)
    try:
        run, steps = await asyncio.gather(client.run(run_id), client.steps(run_id))
    except NotFound:
        await store.apply([Gone(run_id=run_id)])
        return
    events = await _replay(client, run_id, upto=run.updated_at, newest=newest)
    await store.apply([run, *steps, *events], whole=[run_id])


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
                async with asyncio.timeout(PAUSE if whole else SILENCE):
                    event = await anext(stream)
            except TimeoutError:
                if whole:
                    return events
                raise Unreachable("Mobius did not send the run's events.", sent=True) from None
            if event.logged:
                events.append(event)
                told_newest = told_newest or event.seq >= newest
                told_state = told_state or (event.run is not None and event.run.updated_at >= upto)
