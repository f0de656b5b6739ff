"""The truth about one question, from Mobius itself."""

import asyncio

from inbox.mobius.errors import MobiusError, NotFound, RateLimited, Unreachable
from inbox.reviewers.clients import service_client
from inbox.services.attempts import Reading

READ_WITHIN = 10.0
"""Seconds that a person waits for the question to be read."""
READ_WITHIN_LIMIT = 2.0
"""The same while Mobius limits requests: it said so, and the person can be told when to retry."""


def patience_after(error: MobiusError) -> float:
    """Seconds to spend on reading the question after a request has failed like this."""
    return READ_WITHIN_LIMIT if isinstance(error, RateLimited) else READ_WITHIN


async def look_up(interaction_id: str, *, within: float = READ_WITHIN) -> Reading:
    """The question as it is. Raises ``MobiusError``, but not for one that is gone."""
    try:
        async with asyncio.timeout(within):
            return Reading(interaction_id, await service_client().interaction(interaction_id))
    except NotFound:
        return Reading(interaction_id, None)
    except TimeoutError:
        raise Unreachable("Mobius took too long to answer.", sent=True) from None
