"""Finding out what upstream offers, by inexpensive requests that may fail."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, Nonsense, Unreachable
from inbox.mobius.types import Capabilities, InteractionStatus, Offer

MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
"""What a server answers to a call that it does not have."""
_NO = (*MISSING, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_CAN_TELL = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
WITHIN = 5.0
"""Seconds that one question to upstream may take."""


def is_lasting(error: MobiusError) -> bool:
    """The call, or what was asked of it, is not there; anything else may pass."""
    return error.status in _NO


async def probe(client: MobiusClient, last: Capabilities) -> Capabilities:
    """What ``client``'s upstream offers now; ``last`` is what was known before.

    Nothing else is asked where the pending list says that the whole project cannot be read: every
    other answer would say the same. Raises MobiusError then.
    """
    client.lists.forget()
    try:
        async with asyncio.timeout(WITHIN):
            pending, run_id = await _pending(client)
    except TimeoutError:
        raise Unreachable("Mobius took too long to respond.", sent=True) from None
    found: dict[str, Offer] = {"pending": pending}
    asked: dict[str, Awaitable[Offer]] = {
        "closed": _offer(client.interactions, status=InteractionStatus.COMPLETED),
        "project_events": _stream(client, None),
        "runs": _offer(client.runs),
        "groups": _offer(client.groups),
        "token_owner": _token_owner(client),
    }
    found |= dict(zip(asked, await asyncio.gather(*asked.values()), strict=True))
    # A question may outlive its run: one that is listed is more surely there.
    run_id = await _any_run(client, found["runs"]) or run_id
    if run_id is not None:
        of_run: dict[str, Awaitable[Offer]] = {
            "run": _offer(client.run, run_id),
            "steps": _offer(client.steps, run_id),
            "run_events": _stream(client, run_id),
            "pending_of_run": _offer(
                client.interactions, status=InteractionStatus.PENDING, run_id=run_id
            ),
        }
        found |= dict(zip(of_run, await asyncio.gather(*of_run.values()), strict=True))
    listed = Offer.YES in (pending, found.get("pending_of_run"))
    if not listed and found["token_owner"] is Offer.NO:
        # Beside a list that cannot be read either, it may be missing for another reason.
        found["token_owner"] = Offer.UNKNOWN
    now = last.updated(found)
    return now.model_copy(
        update={"page_size": client.lists.size("interactions"), "refused": client.lists.refused}
    )


async def _pending(client: MobiusClient) -> tuple[Offer, str | None]:
    """Whether the pending list can be read, and a run that it names."""
    try:
        page = await client.interactions(status=InteractionStatus.PENDING)
    except MobiusError as error:
        if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return Offer.NO, None
        raise
    return Offer.YES, next((one.run_id for one in page.items if one.run_id), None)


async def _any_run(client: MobiusClient, runs: Offer) -> str | None:
    if runs is not Offer.YES:
        return None
    try:
        page = await client.runs()
    except MobiusError:
        return None
    return next((run.id for run in page.items), None)


async def _offer(call: Callable[..., Awaitable[object]], *args: Any, **kwargs: Any) -> Offer:
    try:
        async with asyncio.timeout(WITHIN):
            await call(*args, **kwargs)
    except TimeoutError:
        return Offer.UNKNOWN
    except MobiusError as error:
        return Offer.NO if is_lasting(error) else Offer.UNKNOWN
    return Offer.YES


async def _stream(client: MobiusClient, run_id: str | None) -> Offer:
    """A stream that opens is there, whatever it brings."""
    try:
        async with asyncio.timeout(WITHIN):
            await client.open_events(run_id)
    except TimeoutError:
        return Offer.UNKNOWN
    except Nonsense:
        # An answer that is no stream: the path means something else there.
        return Offer.NO
    except MobiusError as error:
        return Offer.NO if is_lasting(error) else Offer.UNKNOWN
    return Offer.YES


async def _token_owner(client: MobiusClient) -> Offer:
    """Asked with the service key, which has no owner: a refusal says that upstream can tell."""
    try:
        async with asyncio.timeout(WITHIN):
            await client.me()
    except TimeoutError:
        return Offer.UNKNOWN
    except Nonsense:
        # Accepted, though the service key is no person.
        return Offer.YES
    except MobiusError as error:
        if error.status in _CAN_TELL:
            return Offer.YES
        return Offer.NO if error.status in MISSING else Offer.UNKNOWN
    return Offer.YES
