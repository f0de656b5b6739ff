"""The truth about one question, from Mobius itself."""

import asyncio

from inbox.mobius.errors import NotFound, Unreachable
from inbox.reviewers.clients import service_client
from inbox.services.attempts import Reading

READ_WITHIN = 10.0
"""Seconds that a person waits for the truth."""


async def look_up(interaction_id: str) -> Reading:
    """The question as it is. Raises ``MobiusError``, but not for one that is gone."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            return Reading(interaction_id, await service_client().interaction(interaction_id))
    except NotFound:
        return Reading(interaction_id, None)
    except TimeoutError:
        raise Unreachable("Mobius took too long to answer.", sent=True) from None
