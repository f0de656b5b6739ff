"""Signing in at Mobius by device flow (RFC 8628), to get a member token.

The person approves in Mobius, while the leader asks for the token. Everything is stored, so that a
restart, or another leader, goes on.
"""

import asyncio
from datetime import datetime
from enum import StrEnum

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db.models import Min
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from pydantic import SecretStr

from inbox.mirror import capabilities
from inbox.mobius.errors import MobiusError, RateLimited, Unavailable, Unreachable
from inbox.mobius.probing import MISSING
from inbox.mobius.types import DeviceToken, Offer
from inbox.models import DeviceSignIn, Reviewer, Upstream
from inbox.people import device_sign_ins, member_tokens, vault
from inbox.people.clients import service_client
from inbox.people.member_tokens import NotAdopted
from inbox.people.rate_limit import RateLimiter
from inbox.processes.due_task import DueTask

SLOWER_BY = 5
"""Seconds by which the interval grows when Mobius asks for that, or doesn't answer."""
TEMPORARY = (RateLimited, Unavailable, Unreachable)

State = DeviceSignIn.State
rate_limiter = RateLimiter("sign-ins")


class Reason(StrEnum):
    NOT_OFFERED = "not_offered"
    TOO_MANY = "too_many"
    BUSY = "busy"
    FAILED = "failed"


class NotStarted(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def is_offered(upstream: Upstream) -> bool:
    """Until Mobius has once answered that it has no such call."""
    known = capabilities.load(upstream).device_sign_in
    return upstream.adapter.signs_in_by_device and known is not Offer.NO


async def start(reviewer: Reviewer, upstream: Upstream) -> None:
    """Raises ``NotStarted``."""
    if not is_offered(upstream):
        raise NotStarted(Reason.NOT_OFFERED)
    if not await sync_to_async(rate_limiter.allow)(reviewer.user_id):
        raise NotStarted(Reason.TOO_MANY)
    try:
        code = await service_client(upstream).device_code()
    except RateLimited:
        raise NotStarted(Reason.BUSY) from None
    except MobiusError as error:
        if error.status not in MISSING:
            raise NotStarted(Reason.FAILED) from None
        await sync_to_async(capabilities.record_device_sign_in)(upstream, Offer.NO)
        raise NotStarted(Reason.NOT_OFFERED) from None
    await sync_to_async(capabilities.record_device_sign_in)(upstream, Offer.YES)
    await sync_to_async(device_sign_ins.begin)(reviewer, upstream, code)
    polling.wake()


async def poll_due() -> float | None:
    due, _ = await sync_to_async(_look)()
    await asyncio.gather(*map(poll, due))
    _, next_at = await sync_to_async(_look)()
    return None if next_at is None else max(0.0, (next_at - timezone.now()).total_seconds())


polling = DueTask("sign-ins at Mobius", poll_due)


async def poll(sign_in: DeviceSignIn) -> None:
    if not sign_in.reviewer.user.is_active:
        await sync_to_async(device_sign_ins.discard)(sign_in.reviewer)
        return
    overdue = timezone.now() >= sign_in.expires_at
    match sign_in.state:
        case State.PENDING if overdue:
            await _end(sign_in, State.EXPIRED)
        case State.PENDING:
            await _ask_for_token(sign_in)
        case State.RECEIVED:
            await _adopt(sign_in, last_try=overdue)
        case State.UNCONFIRMED:
            late = NotAdopted(member_tokens.Reason.LATE)
            await _end(sign_in, State.NOT_ADOPTED, refused=late)


@sensitive_variables()
async def _ask_for_token(sign_in: DeviceSignIn) -> None:
    try:
        code = SecretStr(vault.unseal(sign_in.sealed))
    except vault.KeyLost:
        await _end(sign_in, State.FAILED)
        return
    try:
        received = await service_client(sign_in.upstream).device_token(code)
    except MobiusError as error:
        await _take_no(sign_in, error)
        return
    if not await sync_to_async(device_sign_ins.receive)(sign_in, received):
        return
    if is_for_another_project(received):
        other = NotAdopted(member_tokens.Reason.OTHER_PROJECT)
        await _end(sign_in, State.NOT_ADOPTED, refused=other)
    else:
        await _adopt(sign_in)


async def _take_no(sign_in: DeviceSignIn, error: MobiusError) -> None:
    interval, slower = sign_in.interval, sign_in.interval + SLOWER_BY
    match error.code:
        case "authorization_pending":
            await _ask_again(sign_in, after=interval)
        case "slow_down":
            await _ask_again(sign_in, after=slower, interval=slower)
        case "access_denied":
            await _end(sign_in, State.DENIED)
        case "expired_token":
            await _end(sign_in, State.EXPIRED)
        case _ if isinstance(error, TEMPORARY):
            after = max(slower, error.retry_after or 0)
            await _ask_again(sign_in, after=after, interval=slower)
        case _:
            await _end(sign_in, State.FAILED, message=error.upstream_message)


@sensitive_variables()
async def _adopt(sign_in: DeviceSignIn, *, last_try: bool = False) -> None:
    """If Mobius can't be asked now, it is asked later whose token it is."""
    try:
        token = SecretStr(vault.unseal(sign_in.sealed))
    except vault.KeyLost:
        await _end(sign_in, State.FAILED)
        return
    try:
        owner = await member_tokens.owner_of(sign_in.reviewer, token)
    except NotAdopted as refused:
        if refused.may_pass and not last_try:
            await _ask_again(sign_in, after=sign_in.interval + SLOWER_BY)
        else:
            await _end(sign_in, State.NOT_ADOPTED, refused=refused)
        return
    await sync_to_async(device_sign_ins.keep)(sign_in, token, owner)


def is_for_another_project(received: DeviceToken) -> bool:
    """False for a token that names no project."""
    own = settings.MOBIUS_PROJECT or settings.MOBIUS_API_KEY.partition(".")[2]
    named = {received.project_id, received.project_handle} - {""}
    return bool(own and named) and own not in named


_ask_again = sync_to_async(device_sign_ins.ask_again)
_end = sync_to_async(device_sign_ins.end)


def _look() -> tuple[list[DeviceSignIn], datetime | None]:
    """What is due, and when the next one is."""
    rows = DeviceSignIn.objects.filter(upstream=Upstream.current(), next_at__isnull=False)
    due = rows.filter(next_at__lte=timezone.now()).select_related("reviewer__user", "upstream")
    return list(due), rows.aggregate(soonest=Min("next_at"))["soonest"]
