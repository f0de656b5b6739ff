"""Finding the question that a page or an action is about, for a viewer who may see it."""

import asyncio
from contextvars import Context
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from inbox import access
from inbox.access import NotTheirs, Viewer, viewer_of
from inbox.answering.look_up import apply_snapshot
from inbox.answering.outcome import Kind
from inbox.lib.page_slots import release_slot
from inbox.mobius.errors import MobiusError
from inbox.models import Interaction, Reviewer, Upstream
from inbox.people.clients import service_client
from inbox.people.rate_limit import RateLimiter

READ_WITHIN = 2.0
"""The most seconds that the page waits for Mobius."""
ANSWERED_AFTER = (0.5, READ_WITHIN)
"""Seconds after which "not found" is returned: the first of these that has not passed yet."""
ONE_PER_ID = 10.0
"""Seconds within which an ID is read only once, even if several people open it."""
LONGEST_ID = 200


class NotAsked(NotTheirs):
    kind = Kind.NOT_ALLOWED


class AccountDeactivated(NotAsked):
    kind = Kind.DEACTIVATED


def find(viewer: Viewer, upstream: Upstream, interaction_id: str) -> Interaction | None:
    item = access.interactions(viewer, upstream).filter(mobius_id=interaction_id).first()
    if item is not None:
        item.upstream = upstream
    return item


def find_asked(
    viewer: Viewer, interaction_id: str, upstream: Upstream | None = None
) -> Interaction:
    """Raises ``NotAsked``."""
    item = find_own(viewer, interaction_id, upstream)
    if not access.is_asked(viewer, item):
        raise NotAsked(interaction_id)
    return item


def find_own(viewer: Viewer, interaction_id: str, upstream: Upstream | None = None) -> Interaction:
    """A question that asks the viewer, or that they check. Raises ``NotAsked``."""
    upstream = upstream or Upstream.current()
    item = find(viewer, upstream, interaction_id)
    if item is None or not access.has_a_part(viewer, item):
        raise NotAsked(interaction_id)
    return item


def asked(reviewer: Reviewer, interaction_id: str) -> tuple[Viewer, Interaction]:
    """The person as they are now, and the question. Raises ``NotAsked``."""
    if not reviewer.user.is_active:
        raise AccountDeactivated(interaction_id)
    viewer = viewer_of(reviewer.user)
    return viewer, find_asked(viewer, interaction_id)


async def find_or_read(
    viewer: Viewer, upstream: Upstream, interaction_id: str
) -> Interaction | None:
    """Reads the question from Mobius if the viewer can't see it: a link may arrive before the sync
    has it.

    Someone else's question and one that does not exist take the same path and the same time, so
    neither the response nor its delay tells them apart.
    """
    item = await sync_to_async(find)(viewer, upstream, interaction_id)
    can_see_any = viewer.lead or viewer.mobius_id is not None
    if item is not None or not can_see_any or len(interaction_id) > LONGEST_ID:
        return item
    began = asyncio.get_running_loop().time()
    # Also for a read that is shared: the limit must not show what others have read.
    if not await sync_to_async(_rate_limiter.allow)(viewer.user_id):
        return None
    async with release_slot():
        await asyncio.shield(reads().of(interaction_id, upstream))
    item = await sync_to_async(find)(viewer, upstream, interaction_id)
    if item is None:
        await _wait_evenly(began)
    return item


Read = asyncio.Task[None]


class Reads:
    def __init__(self) -> None:
        self._ids: dict[str, tuple[float, Read]] = {}

    def of(self, interaction_id: str, upstream: Upstream) -> Read:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - ONE_PER_ID
        self._ids = {id_: found for id_, found in self._ids.items() if found[0] > oldest}
        if interaction_id not in self._ids:
            # Others may wait for it too, so it must outlive the request that started it.
            read = loop.create_task(_read(interaction_id, upstream), context=Context())
            self._ids[interaction_id] = loop.time(), read
        return self._ids[interaction_id][1]


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Reads] = WeakKeyDictionary()
"""The recent reads of this process, by event loop; others make their own."""


def reads() -> Reads:
    return _by_loop.setdefault(asyncio.get_running_loop(), Reads())


_rate_limiter = RateLimiter("questions")


async def _read(interaction_id: str, upstream: Upstream) -> None:
    try:
        async with asyncio.timeout(READ_WITHIN):
            interaction = await service_client(upstream).interaction(interaction_id, retry=False)
    except (MobiusError, TimeoutError):
        return
    if interaction.id == interaction_id:
        await sync_to_async(lambda: apply_snapshot(interaction, upstream).publish())()


async def _wait_evenly(began: float) -> None:
    spent = asyncio.get_running_loop().time() - began
    until = next((after for after in ANSWERED_AFTER if after >= spent), spent)
    async with release_slot():
        await asyncio.sleep(until - spent)
