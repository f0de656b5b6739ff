"""Clients of Mobius: the installation's own, and one that acts as a member.

One connection pool per running event loop; it closes with the loop.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal
from weakref import WeakKeyDictionary

from django.conf import settings

from inbox.metrics import observe_call
from inbox.mobius.adapters import choose
from inbox.mobius.bounded import Limits
from inbox.mobius.client import MobiusClient
from inbox.models import Credential, Interaction, Reviewer, Upstream
from inbox.page_slots import waiting
from inbox.people import service_key, vault
from inbox.request_log import upstream_headers

Pool = AsyncGenerator[MobiusClient, None]
Pools = dict[tuple[str, ...], tuple[MobiusClient, Pool]]

adapter = choose()
"""The adapter for this installation's Mobius."""

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pools] = WeakKeyDictionary()
"""The process's connections to Mobius. They belong to their event loop."""


class NoCredential(LookupError):
    """There is no token that the person may use for this.

    ``lost`` is True if a token is stored that no key decrypts.
    """

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True)
class RequestCredential:
    """What a request is sent with: the person's own token, or the service key."""

    kind: Literal["member", "service"]
    token: str | None = field(default=None, repr=False)

    def client(self) -> MobiusClient:
        """The client, on the running loop's pool."""
        client = service_client()
        return client if self.token is None else client.acting_as(self.token)


def service_client() -> MobiusClient:
    """The client with the service key, one for each running loop and upstream."""
    pools = _pools.setdefault(asyncio.get_running_loop(), {})
    upstream = (settings.MOBIUS_BASE_URL, settings.MOBIUS_PROJECT, settings.MOBIUS_API_KEY)
    if upstream not in pools:
        pools[upstream] = _opened(*upstream)
    return pools[upstream][0]


async def close() -> None:
    """Close the running loop's pools; a later call opens new ones."""
    for _, pool in _pools.pop(asyncio.get_running_loop(), {}).values():
        await pool.aclose()


def credential_for(reviewer: Reviewer, interaction: Interaction) -> RequestCredential:
    """The credential with which ``reviewer``, who is asked, answers ``interaction``.

    The service key answers only for people without a token, and not for one who was deactivated
    while this request was on its way. A token that Mobius has refused is tried again, since Mobius
    may accept it by now. Raises ``NoCredential``.
    """
    try:
        return member_credential(reviewer, interaction.upstream)
    except NoCredential as none:
        with_key = not none.lost and service_key.may_answer(reviewer, interaction)
        active = Reviewer.objects.filter(pk=reviewer.pk, user__is_active=True)
        if with_key and active.exists():
            return RequestCredential("service")
        raise


def member_credential(reviewer: Reviewer, upstream: Upstream | None = None) -> RequestCredential:
    """The person's own token, for requests that must be in their name.

    ``upstream``: the current one, if the caller has read it. Raises ``NoCredential``.
    """
    upstream = upstream or Upstream.current()
    stored = Credential.objects.filter(reviewer=reviewer, upstream=upstream).first()
    if stored is None:
        raise NoCredential("no member token")
    try:
        return RequestCredential("member", vault.unseal(stored.sealed))
    except vault.KeyLost as lost:
        raise NoCredential("the key of the stored token is lost", lost=True) from lost


def _opened(base_url: str, project: str, token: str) -> tuple[MobiusClient, Pool]:
    limits = Limits(frame=settings.MOBIUS_EVENT_LIMIT, response=settings.MOBIUS_RESPONSE_LIMIT)
    client = MobiusClient(
        base_url=base_url,
        project=project,
        token=token,
        adapter=adapter,
        limits=limits,
        waiting=waiting,
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
