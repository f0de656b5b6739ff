"""Reading a question from Mobius, and applying it to the mirror."""

from collections.abc import Collection

from django.utils import timezone

from inbox.answering.command import READ_WITHIN
from inbox.mirror import project
from inbox.mirror.changes import Changes
from inbox.mirror.snapshots import Deleted, Payload
from inbox.mobius.errors import NotFound
from inbox.mobius.timing import time_limit
from inbox.models import Upstream
from inbox.people.clients import background_client, current_client


async def look_up(
    interaction_id: str, *, within: float = READ_WITHIN, background: bool = False
) -> Payload:
    """Raises ``MobiusError``, but not for a deleted question.

    ``background``: no one waits for it.
    """
    client = await (background_client() if background else current_client())
    try:
        async with time_limit(within):
            return await client.interaction(interaction_id)
    except NotFound:
        return Deleted(interaction_id=interaction_id)


def apply_snapshot(
    snapshot: Payload | None,
    upstream: Upstream | None = None,
    *,
    accepted: Collection[str] = (),
    locked: Upstream | None = None,
) -> Changes:
    """``accepted`` and ``locked`` are as in ``project.apply``."""
    upstream = upstream or Upstream.current()
    payloads = [snapshot] if snapshot is not None else []
    return project.apply(
        upstream, payloads, read_at=timezone.now(), accepted=accepted, locked=locked
    )
