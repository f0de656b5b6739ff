"""The truth about one question, from Mobius itself."""

import asyncio

from inbox.mobius.errors import NotFound, Unreachable
from inbox.reviewers.clients import service_client
from inbox.services.attempts import Snapshot
from inbox.services.command import READ_WITHIN


async def look_up(interaction_id: str, *, within: float = READ_WITHIN) -> Snapshot:
    """The question as it is. Raises ``MobiusError``, but not for one that is deleted."""
    try:
        async with asyncio.timeout(within):
            interaction = await service_client().interaction(interaction_id)
    except NotFound:
        return Snapshot(interaction_id, None)
    except TimeoutError:
        raise Unreachable("Mobius took too long to answer.", sent=True) from None
    return Snapshot(interaction_id, interaction)
