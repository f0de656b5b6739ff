"""Telling Mobius to revoke member tokens that people got by signing in there, once they are removed
here.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, Unauthorized
from inbox.models import TokenRevocation
from inbox.people import vault
from inbox.people.clients import service_client
from inbox.processes.due_task import DueTask

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Between two tries; each pause is twice as long as the one before."""


async def send_due() -> float | None:
    due, _ = await sync_to_async(_look)()
    await asyncio.gather(*map(send, due))
    _, next_at = await sync_to_async(_look)()
    return None if next_at is None else max(0.0, (next_at - timezone.now()).total_seconds())


sending = DueTask("token revocations", send_due)


def on_stored(*, created: bool, **_: Any) -> None:
    if created:
        transaction.on_commit(sending.wake)


@sensitive_variables("token")
async def send(revocation: TokenRevocation) -> None:
    try:
        token = vault.unseal(revocation.sealed)
    except vault.KeyLost:
        await _give_up(revocation, "no key decrypts it")
        return
    if revocation.upstream.base_url != settings.MOBIUS_IDENTITY:
        await _try_again(revocation, "it belongs to another Mobius")
        return
    client = service_client(revocation.upstream).acting_as(token)
    try:
        await _revoke(client, revocation.credential_id)
    except MobiusError as error:
        await _try_again(revocation, error.message, after=error.retry_after or 0)
        return
    await revocation.adelete()


async def _revoke(client: MobiusClient, credential_id: str) -> None:
    """Also returns if the token no longer works."""
    try:
        await client.revoke_credential(credential_id)
    except Unauthorized:
        return
    except NotFound:
        # The credential is unknown, or the call is.
        try:
            await client.interactions(limit=1)
        except Unauthorized:
            return
        raise


async def _try_again(revocation: TokenRevocation, why: str, *, after: float = 0) -> None:
    pause = min(FIRST_PAUSE * 2 ** min(revocation.tries, 10), LONGEST_PAUSE)
    next_at = timezone.now() + max(pause, timedelta(seconds=after))
    if next_at >= revocation.until:
        await _give_up(revocation, why)
        return
    log.info("Mobius has not revoked the token %s yet: %s", revocation, why)
    revocation.tries, revocation.next_at = revocation.tries + 1, next_at
    await revocation.asave(update_fields=["tries", "next_at"])


async def _give_up(revocation: TokenRevocation, why: str) -> None:
    log.warning("Mobius could not be told to revoke the token %s: %s", revocation, why)
    revocation.failed_at, revocation.next_at, revocation.sealed = timezone.now(), None, b""
    await revocation.asave(update_fields=["failed_at", "next_at", "sealed"])


def _look() -> tuple[list[TokenRevocation], datetime | None]:
    """What is due, and when the next one is."""
    rows = TokenRevocation.objects.filter(next_at__isnull=False)
    due = rows.filter(next_at__lte=timezone.now()).select_related("upstream")
    return list(due), rows.aggregate(soonest=Min("next_at"))["soonest"]
