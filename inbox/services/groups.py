"""Changing a group upstream: who is in it, and how many of them must answer.

A change goes out once, with the lead's own member token, so that upstream knows whose it is and
its own rules stay in force. Groups have no events: after a change they are read again at once.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Q

from inbox import access
from inbox.access import Viewer, viewer_of
from inbox.mirror import groups as mirror
from inbox.mobius.errors import (
    MobiusError,
    Nonsense,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from inbox.mobius.types import PolicyKind
from inbox.models import Group, Membership, Reviewer, Upstream
from inbox.reviewers import credentials
from inbox.reviewers.clients import Means, NoCredential, own_means, service_client
from inbox.reviewers.names import names_of
from inbox.services import decision_log
from inbox.services import group_words as words
from inbox.services.decision_log import entry_by
from inbox.services.group_words import Change, Outcome, Verb
from inbox.services.origin import BACKGROUND, Origin

READ_WITHIN = 10.0
"""Seconds that a person waits for the groups to be read again."""
UNCERTAIN = (Unavailable, Unreachable, Nonsense)
"""After these nobody knows whether the change was made."""


class NotTheirs(LookupError):
    """The group is not there for this person, or is not theirs to change."""


@dataclass(frozen=True)
class Ready:
    """A change that can go out; ``before`` is what the mirror held of it."""

    reviewer: Reviewer
    viewer: Viewer
    upstream: Upstream
    group: Group
    change: Change
    means: Means
    origin: Origin
    before: bool


async def add_member(
    *, reviewer: Reviewer, group: str, user_id: str, origin: Origin = BACKGROUND
) -> Outcome:
    """Put a person into a group, by their Mobius id. Raises ``NotTheirs``."""
    return await _make(reviewer, group, Change(Verb.ADDED, user_id=user_id), origin)


async def remove_member(
    *, reviewer: Reviewer, group: str, user_id: str, origin: Origin = BACKGROUND
) -> Outcome:
    """Take a person out of a group. Raises ``NotTheirs``."""
    return await _make(reviewer, group, Change(Verb.REMOVED, user_id=user_id), origin)


async def change_routing(
    *, reviewer: Reviewer, group: str, routing: PolicyKind, origin: Origin = BACKGROUND
) -> Outcome:
    """Say how many must answer what the group is asked from now on. Raises ``NotTheirs``."""
    return await _make(reviewer, group, Change(Verb.ROUTED, routing=routing), origin)


def find(viewer: Viewer, upstream: Upstream, group: str) -> Group | None:
    """A group by handle or id, where the viewer may open its page. One query."""
    named = Q(handle=group) | Q(mobius_id=group)
    return access.groups(viewer, upstream).filter(named).first()


async def _make(reviewer: Reviewer, group: str, change: Change, origin: Origin) -> Outcome:
    ready = await sync_to_async(_prepare)(reviewer, group, change, origin)
    if isinstance(ready, Outcome):
        return ready
    try:
        await _send(ready)
    except MobiusError as error:
        return await _after_failure(ready, error)
    await sync_to_async(_log)(ready)
    read = await _read_again(ready.upstream)
    return words.done(ready.group, ready.change, read=read)


def _prepare(reviewer: Reviewer, key: str, change: Change, origin: Origin) -> Ready | Outcome:
    viewer, upstream = viewer_of(reviewer.user), Upstream.present()
    group = find(viewer, upstream, key)
    if group is None or not access.holds(viewer, access.MANAGE_GROUPS):
        raise NotTheirs(key)
    try:
        means = own_means(reviewer)
    except NoCredential as none:
        return words.no_credential(lost=none.lost)
    change = replace(change, name=names_of([change.user_id]).get(change.user_id, ""))
    return Ready(reviewer, viewer, upstream, group, change, means, origin, _holds(group, change))


async def _send(ready: Ready) -> None:
    client, group, change = ready.means.client(), ready.group.mobius_id, ready.change
    match change.verb:
        case Verb.ADDED:
            await client.add_member(group, change.user_id)
        case Verb.REMOVED:
            await client.remove_member(group, change.user_id)
        case Verb.ROUTED:
            await client.update_group(group, routing=change.routing)


async def _after_failure(ready: Ready, error: MobiusError) -> Outcome:
    """What is true after a change that was refused, or of which nobody knows."""
    if isinstance(error, Unauthorized):
        await sync_to_async(credentials.mark_refused)(ready.reviewer)
        return words.token_refused()
    uncertain = isinstance(error, UNCERTAIN) and getattr(error, "sent", True)
    if not uncertain and not words.stale(error):
        return words.refused(ready.group, ready.change, error)
    read = await _read_again(ready.upstream)
    now = await sync_to_async(_now)(ready)
    if uncertain:
        return await _perhaps(ready, now, read=read)
    if read and now is None:
        return words.gone(ready.group)
    return words.refused(ready.group, ready.change, error)


async def _perhaps(ready: Ready, now: bool | None, *, read: bool) -> Outcome:
    """Upstream failed, or was not heard, after the change had left."""
    if not read:
        await sync_to_async(_log)(ready, arrived="unknown")
        return words.unknown(ready.group, ready.change)
    if now is None:
        return words.gone(ready.group)
    if now and not ready.before:
        await sync_to_async(_log)(ready)
        return words.done(ready.group, ready.change, read=True)
    return words.not_arrived(ready.group, ready.change)


async def _read_again(upstream: Upstream) -> bool:
    """Bring the mirror's groups up to now; False where Mobius does not answer."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            await mirror.poll(service_client(), upstream)
    except (MobiusError, TimeoutError):
        return False
    return True


def _now(ready: Ready) -> bool | None:
    """Whether the mirror holds what the change wanted; None for a group that is gone."""
    group = Group.objects.filter(pk=ready.group.pk, gone=False).first()
    return None if group is None else _holds(group, ready.change)


def _holds(group: Group, change: Change) -> bool:
    if change.verb is Verb.ROUTED:
        return group.routing == change.routing
    inside = Membership.objects.filter(group=group, user_id=change.user_id).exists()
    return inside is (change.verb is Verb.ADDED)


@transaction.atomic
def _log(ready: Ready, **more: Any) -> None:
    """One entry of the decision log. ``arrived="unknown"`` where nobody knows."""
    group, change = ready.group, ready.change
    value = {"group": group.mobius_id, "handle": group.handle}
    if change.verb is Verb.ROUTED:
        value |= {"from": group.routing, "to": change.routing.value}
    else:
        value["user"] = change.user_id
    decision_log.append(
        entry_by(
            ready.reviewer,
            verb=change.verb.value,
            upstream=ready.upstream,
            origin=ready.origin,
            group_id=group.mobius_id,
            title=group.name,
            credential_kind=ready.means.kind,
            value=value | more,
        )
    )
