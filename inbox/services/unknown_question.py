"""Opening a question that the mirror may not have heard of yet.

A link to a question can arrive before the sync does. So what a viewer cannot see is read from
Mobius once, and then the usual access check decides. A question that is someone else's and one that
does not exist take the same path, and the answer comes after the same time: neither the response
nor its delay says which it was.
"""

import asyncio
from contextvars import Context
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from inbox import access
from inbox.access import Viewer
from inbox.mobius import types
from inbox.mobius.errors import MobiusError
from inbox.models import Interaction, Upstream
from inbox.page_slots import waiting
from inbox.people.clients import service_client
from inbox.services.look_up import Snapshot, mirror
from inbox.services.tries import Tries

READ_WITHIN = 2.0
"""Seconds that the page waits for Mobius."""
ANSWERED_AFTER = (0.5, READ_WITHIN)
"""Seconds after which a question that is not there is said to be missing: the first that fits."""
ONE_PER_ID = 10.0
"""Seconds in which an id is read once, whoever opens it."""
LONGEST_ID = 200


async def find(viewer: Viewer, upstream: Upstream, interaction_id: str) -> Interaction | None:
    """The question where the viewer may see it, else None."""
    item = await sync_to_async(_visible)(viewer, upstream, interaction_id)
    can_see_any = viewer.lead or viewer.mobius_id is not None
    if item is not None or not can_see_any or len(interaction_id) > LONGEST_ID:
        return item
    began = asyncio.get_running_loop().time()
    reads = _reads()
    if not reads.allowed(viewer):
        return None
    read = reads.of(interaction_id)
    if not read.done():
        async with waiting():
            await asyncio.wait({read})
        if (found := read.result()) is not None:
            (await sync_to_async(mirror)(Snapshot(found.id, found), upstream)).publish()
    item = await sync_to_async(_visible)(viewer, upstream, interaction_id)
    if item is None:
        await _even_out(began)
    return item


def _visible(viewer: Viewer, upstream: Upstream, interaction_id: str) -> Interaction | None:
    return access.interactions(viewer, upstream).filter(mobius_id=interaction_id).first()


Read = asyncio.Task[types.Interaction | None]


class Reads:
    """The reads of the last seconds, in one event loop."""

    def __init__(self) -> None:
        self._ids: dict[str, tuple[float, Read]] = {}
        self._tries = Tries()

    def allowed(self, viewer: Viewer) -> bool:
        """Count one for the viewer, whether or not it comes to a read: what others have read must
        not show in what is left to this person.
        """
        return self._tries.take(viewer.user_id)

    def of(self, interaction_id: str) -> Read:
        """The last read of this id, or a new one."""
        loop = asyncio.get_running_loop()
        for id_ in [id_ for id_, (at, _) in self._ids.items() if at + ONE_PER_ID <= loop.time()]:
            del self._ids[id_]
        if interaction_id not in self._ids:
            # Others may wait for it too: it must not end with the request that began it.
            read = loop.create_task(_read(interaction_id), context=Context())
            self._ids[interaction_id] = loop.time(), read
        return self._ids[interaction_id][1]


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Reads] = WeakKeyDictionary()


def _reads() -> Reads:
    return _by_loop.setdefault(asyncio.get_running_loop(), Reads())


async def _read(interaction_id: str) -> types.Interaction | None:
    """What Mobius has under this id; None for nothing, and where it does not say in time."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            found = await service_client().interaction(interaction_id, retry=False)
    except (MobiusError, TimeoutError):
        return None
    return found if found.id == interaction_id else None


async def _even_out(began: float) -> None:
    """Wait until a time that does not depend on what Mobius has said."""
    spent = asyncio.get_running_loop().time() - began
    until = next((after for after in ANSWERED_AFTER if after >= spent), spent)
    async with waiting():
        await asyncio.sleep(until - spent)
