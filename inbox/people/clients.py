"""Clients of Mobius: the installation's own, and one that acts as a member.

One connection pool per running event loop; it closes with the loop.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings

from inbox.lib.metrics import observe_call
from inbox.lib.page_slots import release_slot
from inbox.lib.request_log import upstream_headers
from inbox.mobius.bounded import Limits
from inbox.mobius.client import MobiusClient
from inbox.mobius.types import Generation
from inbox.models import Credential, Interaction, Reviewer, Upstream
from inbox.people import service_key, vault
from inbox.people.shared_limit import StoredLimit

Pool = AsyncGenerator[MobiusClient, None]
Pools = dict[tuple[str, ...], tuple[MobiusClient, Pool]]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pools] = WeakKeyDictionary()
"""The process's connections to Mobius. They belong to their event loop."""


class NoCredential(LookupError):
    """``lost`` is True if a token is stored that no key decrypts."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class KeyPaused(NoCredential):
    """The service key would answer, but Mobius has just refused it."""


@dataclass(frozen=True)
class RequestCredential:
    """``generation`` is of the upstream that it is for. ``unproven`` is when a member token was
    added whose owner its first answer is to prove.
    """

    kind: Literal["member", "service"]
    token: str | None = field(default=None, repr=False)
    generation: Generation = Generation.A
    unproven: datetime | None = None

    def client(self) -> MobiusClient:
        """The client, on the running loop's pool."""
        client = _client(self.generation)
        return client if self.token is None else client.acting_as(self.token)


def service_client(upstream: Upstream) -> MobiusClient:
    """One for each running loop and generation of the configured Mobius."""
    return _client(upstream.api)


async def current_client() -> MobiusClient:
    """Of the generation that the database says is chosen."""
    return service_client(await sync_to_async(Upstream.current)())


async def background_client() -> MobiusClient:
    """The current one, for reads that no one waits for: a 429 may pause them in all processes."""
    upstream = await sync_to_async(Upstream.current)()
    client = service_client(upstream)
    return client.sharing(StoredLimit(upstream)) if upstream.adapter.shares_limits else client


def quiet_until() -> float:
    """Monotonic time until which ``Retry-After`` asks to postpone what can wait."""
    pools = _pools.get(asyncio.get_running_loop(), {})
    return max((client.quiet_until for client, _ in pools.values()), default=float("-inf"))


def _client(generation: Generation) -> MobiusClient:
    pools = _pools.setdefault(asyncio.get_running_loop(), {})
    base_url, project, key = (
        settings.MOBIUS_BASE_URL,
        settings.MOBIUS_PROJECT,
        settings.MOBIUS_API_KEY,
    )
    configured = (base_url, project, key, generation)
    if configured not in pools:
        pools[configured] = _opened(base_url, project, key, generation)
    return pools[configured][0]


async def close() -> None:
    for _, pool in _pools.pop(asyncio.get_running_loop(), {}).values():
        await pool.aclose()


def credential_for(reviewer: Reviewer, interaction: Interaction) -> RequestCredential:
    """The service key answers only for people without a token, and not for one who was deactivated
    while this request was on its way.

    A token that Mobius has refused is tried again, since Mobius may accept it by now. Raises
    ``NoCredential`` or ``KeyPaused``.
    """
    try:
        return member_credential(reviewer, interaction.upstream)
    except NoCredential as none:
        with_key = not none.lost and service_key.may_answer(reviewer, interaction)
        active = Reviewer.objects.filter(pk=reviewer.pk, user__is_active=True)
        if not with_key or not active.exists():
            raise
        if service_key.is_paused(interaction.upstream):
            raise KeyPaused("Mobius has just refused the service key") from none
        return RequestCredential("service", generation=interaction.upstream.api)


def member_credential(reviewer: Reviewer, upstream: Upstream | None = None) -> RequestCredential:
    """For requests that must be in the person's name. Raises ``NoCredential``."""
    upstream = upstream or Upstream.current()
    rows = Credential.objects.filter(reviewer=reviewer, upstream=upstream)
    stored = rows.select_related("reviewer").first()
    if stored is None:
        raise NoCredential("no member token")
    if not stored.reviewer.mobius_id:
        raise NoCredential("the member token is not known to be theirs")
    is_unproven = stored.proven_at is None and upstream.adapter.answers_prove_tokens
    unproven = stored.added_at if is_unproven else None
    try:
        return RequestCredential("member", vault.unseal(stored.sealed), upstream.api, unproven)
    except vault.KeyLost as lost:
        raise NoCredential("the key of the stored token is lost", lost=True) from lost


def _opened(
    base_url: str, project: str, token: str, generation: Generation
) -> tuple[MobiusClient, Pool]:
    limits = Limits(frame=settings.MOBIUS_EVENT_LIMIT, response=settings.MOBIUS_RESPONSE_LIMIT)
    client = MobiusClient(
        base_url=base_url,
        project=project,
        token=token,
        generation=generation,
        limits=limits,
        waiting=release_slot,
        more_headers=upstream_headers,
        observe=observe_call,
    )
    pool = _until_the_loop_ends(client)
    # A loop closes its started async generators when it ends, and so the pool, whatever runs the
    # loop. The generator's first step awaits nothing, so it can be run here.
    try:
        pool.__anext__().send(None)
    except StopIteration as first:
        return first.value, pool
    raise RuntimeError("the generator did not start at once")


async def _until_the_loop_ends(client: MobiusClient) -> Pool:
    try:
        yield client
    finally:
        await client.aclose()
