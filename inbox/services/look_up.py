"""Reading a question from Mobius, and applying it to the mirror."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from django.utils import timezone

from inbox.mirror import project
from inbox.mirror.changes import Changes
from inbox.mirror.snapshots import Deleted
from inbox.mobius import types
from inbox.mobius.errors import NotFound, Unreachable
from inbox.models import Upstream
from inbox.people.clients import service_client
from inbox.services.command import READ_WITHIN


@dataclass(frozen=True)
class Snapshot:
    """A question as just read from Mobius; ``interaction`` is None if it is deleted."""

    interaction_id: str
    interaction: types.Interaction | None


async def look_up(interaction_id: str, *, within: float = READ_WITHIN) -> Snapshot:
    """Read the question. Raises ``MobiusError``, but not for a deleted one."""
    try:
        async with asyncio.timeout(within):
            interaction = await service_client().interaction(interaction_id)
    except NotFound:
        return Snapshot(interaction_id, None)
    except TimeoutError:
        raise Unreachable("Mobius took too long to respond.", sent=True) from None
    return Snapshot(interaction_id, interaction)


def mirror(
    snapshot: Snapshot | None, upstream: Upstream | None = None, *, accepted: Collection[str] = ()
) -> Changes:
    """Apply ``snapshot`` to the mirror of ``upstream``, by default the current one.

    ``accepted`` is as in ``project.apply``.
    """
    upstream = upstream or Upstream.present()
    payloads: list[types.Interaction | Deleted] = []
    if snapshot is not None:
        deleted = Deleted(interaction_id=snapshot.interaction_id)
        payloads.append(snapshot.interaction or deleted)
    return project.apply(upstream, payloads, read_at=timezone.now(), accepted=accepted)
