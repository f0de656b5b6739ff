"""Finding out what upstream offers, by inexpensive requests that may fail."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import Ended, InvalidResponse, MobiusError
from inbox.mobius.timing import time_limit
from inbox.mobius.types import Capabilities, InteractionStatus, Offer

MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED)
"""Statuses of a server that does not have the call."""
_NO = (*MISSING, HTTPStatus.NOT_ACCEPTABLE, HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
_CAN_TELL = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN)
TIMEOUT = 5.0
"""Seconds that a call may take."""


def is_lasting(error: MobiusError) -> bool:
    """Upstream lacks the call or refuses its arguments; other errors may pass."""
    return error.status in _NO


async def probe(
    client: MobiusClient, last: Capabilities, *, timeout: float = TIMEOUT
) -> Capabilities:
    """Raises MobiusError if the pending list can't be read: the other calls would fail too.

    ``timeout``: seconds that each call may take.
    """
    client.lists.forget()
    async with time_limit(timeout):
        pending, run_id = await _pending(client)
    offers = {"pending": pending}
    calls: dict[str, Awaitable[Offer]] = {
        "closed": _offer(timeout, client.interactions, status=InteractionStatus.COMPLETED),
        "project_events": _project_stream(timeout, client),
        "runs": _offer(timeout, client.runs),
        "groups": _offer(timeout, client.groups),
        "token_owner": _token_owner(timeout, client),
    }
    offers |= dict(zip(calls, await asyncio.gather(*calls.values()), strict=True))
    # A question may outlive its run, so a listed run is preferred.
    run_id = await _any_run(client, offers["runs"]) or run_id
    if run_id is not None:
        calls = {
            "run": _offer(timeout, client.run, run_id),
            "steps": _offer(timeout, client.steps, run_id),
            "run_events": _run_stream(timeout, client, run_id),
            "pending_of_run": _offer(
                timeout, client.interactions, status=InteractionStatus.PENDING, run_id=run_id
            ),
        }
        offers |= dict(zip(calls, await asyncio.gather(*calls.values()), strict=True))
    listed = Offer.YES in (pending, offers.get("pending_of_run"))
    if not listed and offers["token_owner"] is Offer.NO:
        # Where the list can't be read either, the call may fail for another reason.
        offers["token_owner"] = Offer.UNKNOWN
    return last.updated(offers).model_copy(
        update={"page_size": client.lists.size("interactions"), "refused": client.lists.refused}
    )


async def _pending(client: MobiusClient) -> tuple[Offer, str | None]:
    """The second value is the id of a run in the list."""
    try:
        page = await client.interactions(status=InteractionStatus.PENDING)
    except MobiusError as error:
        if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return Offer.NO, None
        raise
    return Offer.YES, next((item.run_id for item in page.items if item.run_id), None)


async def _any_run(client: MobiusClient, runs: Offer) -> str | None:
    if runs is not Offer.YES:
        return None
    try:
        page = await client.runs()
    except MobiusError:
        return None
    return next((run.id for run in page.items), None)


async def _error_of(
    timeout: float, call: Callable[..., Awaitable[object]], *args: Any, **kwargs: Any
) -> MobiusError | None:
    try:
        async with time_limit(timeout):
            await call(*args, **kwargs)
    except MobiusError as error:
        return error
    return None


def _shown_by(error: MobiusError | None) -> Offer:
    if error is None:
        return Offer.YES
    return Offer.NO if is_lasting(error) else Offer.UNKNOWN


async def _offer(
    timeout: float, call: Callable[..., Awaitable[object]], *args: Any, **kwargs: Any
) -> Offer:
    return _shown_by(await _error_of(timeout, call, *args, **kwargs))


async def _project_stream(timeout: float, client: MobiusClient) -> Offer:
    """A stream that closes at once, twice, is none."""
    error = await _error_of(timeout, client.open_project_events)
    if isinstance(error, Ended):
        error = await _error_of(timeout, client.open_project_events)
    return Offer.NO if isinstance(error, Ended) else _stream_shown_by(error)


async def _run_stream(timeout: float, client: MobiusClient, run_id: str) -> Offer:
    """The stream of a finished run may close at once."""
    return _stream_shown_by(await _error_of(timeout, client.open_run_events, run_id))


def _stream_shown_by(error: MobiusError | None) -> Offer:
    # A response that isn't a stream: the path means something else there.
    return Offer.NO if isinstance(error, InvalidResponse) else _shown_by(error)


async def _token_owner(timeout: float, client: MobiusClient) -> Offer:
    """The service key has no owner, so a refusal means yes."""
    error = await _error_of(timeout, client.me)
    # One that can't be read was accepted, though the service key belongs to no person.
    if error is None or isinstance(error, InvalidResponse) or error.status in _CAN_TELL:
        return Offer.YES
    return Offer.NO if error.status in MISSING else Offer.UNKNOWN
