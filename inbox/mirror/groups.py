"""Groups and who is in them: there are no events of these, so they are polled."""

import asyncio
import itertools
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.db import transaction

from inbox.mirror.changes import Changes
from inbox.mirror.members import follow
from inbox.mirror.upsert import upsert
from inbox.mobius import types
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, RateLimited, TooLarge
from inbox.models import Group, Interaction, Membership, Upstream

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Member lists that are read at one time."""

_turns = itertools.count(1)
_kept: dict[int, int] = {}
"""Upstream → the turn of the reading that its groups are from."""


async def poll(client: MobiusClient, upstream: Upstream) -> None:
    """Read all groups and their members once. Of two readings side by side the one that began
    later is kept.

    A group whose members cannot be read stays as it was. Raises MobiusError where nothing could be
    read at all, and then nothing is changed, or where Mobius asks for fewer requests.
    """
    turn = next(_turns)
    found: list[types.Group] = []
    cursor: str | None = None
    seen: set[str] = set()
    while True:
        page = await client.groups(cursor=cursor)
        if page.skipped:
            # A group that is missing here would count as deleted.
            raise TooLarge(f"{page.skipped[0]} is too large to be read.")
        found += page.items
        cursor = page.next_cursor
        if cursor is None or cursor in seen:
            break
        seen.add(cursor)
    members: dict[str, tuple[types.GroupMember, ...]] = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def read(group_id: str) -> None:
        async with gate:
            try:
                members[group_id] = await client.members(group_id)
            except NotFound:
                return  # it went between the two reads

    answers = await asyncio.gather(*(read(one.id) for one in found), return_exceptions=True)
    failed: dict[str, MobiusError] = {}
    for group, answer in zip(found, answers, strict=True):
        if isinstance(answer, MobiusError):
            failed[group.id] = answer
        elif isinstance(answer, BaseException):
            raise answer
    if failed and not members:
        raise next(iter(failed.values()))
    there = [group for group in found if group.id in members]
    changes = await sync_to_async(keep)(upstream, there, members, turn=turn, unread=set(failed))
    changes.publish()
    for group_id, error in failed.items():
        log.info("the members of %s could not be read: %s", group_id, error.message)
        if isinstance(error, RateLimited):
            raise error


def keep(
    upstream: Upstream,
    groups: Sequence[types.Group],
    members: Mapping[str, Sequence[types.GroupMember]],
    *,
    turn: int,
    unread: Collection[str] = (),
) -> Changes:
    """Make the mirror's groups these, in one transaction; those that are missing are gone, but for
    those that are ``unread``.

    Nothing happens where a reading of a later ``turn`` has been kept.
    """
    changes = Changes()
    with transaction.atomic():
        held = Upstream.objects.select_for_update().get(pk=upstream.pk)
        if turn < _kept.get(held.pk, 0):
            return changes
        _kept[held.pk] = turn
        Upstream.objects.filter(pk=held.pk).update(heard_at=datetime.now(UTC))
        had = {row.mobius_id: row for row in Group.objects.filter(upstream=held)}
        rows = [_row(held, group) for group in groups]
        new = [row for row in rows if _differs(had.get(row.mobius_id), row)]
        upsert(new, _KEY)
        gone = had.keys() - {row.mobius_id for row in rows} - set(unread)
        changes.groups |= {row.mobius_id for row in new}
        changes.groups |= {id_ for id_ in gone if not had[id_].gone}
        Group.objects.filter(upstream=held, mobius_id__in=gone, gone=False).update(gone=True)
        pks = dict(Group.objects.filter(upstream=held).values_list("mobius_id", "pk"))
        for group in groups:
            now = {member.user_id for member in members[group.id]}
            moved = _keep_members(pks[group.id], now)
            changes.touch(dict.fromkeys(moved, ()))
            if moved:
                changes.groups.add(group.id)
                changes.interactions |= _told_of(held, group.id)
        if changes.groups:
            changes.include(follow(held))
    return changes


_KEY = ("upstream_id", "mobius_id")
_COMPARED = ("handle", "name", "description", "routing", "gone")


def _row(upstream: Upstream, group: types.Group) -> Group:
    return Group(
        upstream_id=upstream.pk,
        mobius_id=group.id,
        handle=group.handle,
        name=group.name[:300],
        description=group.description,
        routing=group.routing.value,
    )


def _differs(had: Group | None, now: Group) -> bool:
    return had is None or any(getattr(had, name) != getattr(now, name) for name in _COMPARED)


def _told_of(upstream: Upstream, group_id: str) -> set[str]:
    """The open questions whose pages say who has left the group."""
    rows = Interaction.objects.filter(
        upstream=upstream, group_id=group_id, status="pending", gone__in=(False,)
    )
    return set(rows.values_list("mobius_id", flat=True))


def _keep_members(group: int, now: set[str]) -> set[str]:
    """Make the members of one group these; returns who came or went."""
    had = set(Membership.objects.filter(group_id=group).values_list("user_id", flat=True))
    came = [Membership(group_id=group, user_id=user_id) for user_id in now - had]
    Membership.objects.bulk_create(came, ignore_conflicts=True)
    if had - now:
        Membership.objects.filter(group_id=group, user_id__in=had - now).delete()
    return now ^ had
