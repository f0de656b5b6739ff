"""Polling of groups and their members, for which there are no events."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.db import transaction

from inbox.mirror.changes import Changes
from inbox.mirror.members import refresh
from inbox.mirror.upsert import upsert
from inbox.mobius import types
from inbox.mobius.client import MobiusClient
from inbox.mobius.errors import MobiusError, NotFound, RateLimited
from inbox.mobius.lists import walk
from inbox.models import Group, Interaction, Membership, Upstream

log = logging.getLogger(__name__)

CONCURRENCY = 4


async def poll(client: MobiusClient, upstream: Upstream) -> None:
    """Of concurrent polls, the one that began last wins.

    A group whose members cannot be read stays as it was. Raises MobiusError if nothing could be
    read, in which case nothing changes, or if Mobius limits requests.
    """
    turn = await sync_to_async(begin)(upstream)
    # If the list were incomplete, the groups missing from it would count as deleted.
    listed = [group async for group in walk(client.groups, complete=True)]
    members, failed = await _read_members(client, listed)
    if failed and not members:
        raise next(iter(failed.values()))
    read_groups = [group for group in listed if group.id in members]

    def store_and_publish() -> None:
        # In the same thread, so that it publishes even if the caller is cancelled.
        store(upstream, read_groups, members, turn=turn, unread=set(failed)).publish()

    await sync_to_async(store_and_publish)()
    for group_id, error in failed.items():
        log.info("the members of %s could not be read: %s", group_id, error)
        if isinstance(error, RateLimited):
            raise error


async def _read_members(
    client: MobiusClient, groups: Sequence[types.Group]
) -> tuple[dict[str, tuple[types.GroupMember, ...]], dict[str, MobiusError]]:
    members: dict[str, tuple[types.GroupMember, ...]] = {}
    gate = asyncio.Semaphore(CONCURRENCY)

    async def read(group_id: str) -> None:
        async with gate:
            try:
                members[group_id] = await client.members(group_id)
            except NotFound:
                return  # it was deleted between the two reads

    results = await asyncio.gather(*(read(group.id) for group in groups), return_exceptions=True)
    failed: dict[str, MobiusError] = {}
    for group, result in zip(groups, results, strict=True):
        if isinstance(result, MobiusError):
            failed[group.id] = result
        elif isinstance(result, BaseException):
            raise result
    return members, failed


@transaction.atomic
def begin(upstream: Upstream) -> int:
    row = Upstream.lock(upstream.pk)
    row.group_polls += 1
    row.save(update_fields=["group_polls"])
    return row.group_polls


def store(
    upstream: Upstream,
    groups: Sequence[types.Group],
    members: Mapping[str, Sequence[types.GroupMember]],
    *,
    turn: int,
    unread: Collection[str] = (),
) -> Changes:
    """Replace the mirror's groups. Missing ones are marked deleted, except those in ``unread``.

    Does nothing if groups of a later ``turn`` are stored.
    """
    changes = Changes()
    with transaction.atomic():
        locked = Upstream.lock(upstream.pk)
        if turn < locked.groups_from:
            return changes
        Upstream.objects.filter(pk=locked.pk).update(heard_at=datetime.now(UTC), groups_from=turn)
        stored = {row.mobius_id: row for row in Group.objects.filter(upstream=locked)}
        rows = [_row(locked, group) for group in groups]
        new = [row for row in rows if _differs(stored.get(row.mobius_id), row)]
        upsert(new, ("upstream_id", "mobius_id"))
        missing = stored.keys() - {row.mobius_id for row in rows} - set(unread)
        changes.groups |= {row.mobius_id for row in new}
        changes.groups |= {id for id in missing if not stored[id].deleted}
        present = Group.objects.filter(upstream=locked, deleted=False)
        present.filter(mobius_id__in=missing).update(deleted=True)
        pks = dict(Group.objects.filter(upstream=locked).values_list("mobius_id", "pk"))
        for group in groups:
            now = {member.user_id for member in members[group.id]}
            changed_members = _store_members(pks[group.id], now)
            changes.touch(dict.fromkeys(changed_members, ()))
            if changed_members:
                changes.groups.add(group.id)
                changes.interactions |= _open_questions_of(locked, group.id)
        if changes.groups:
            changes.include(refresh(locked))
    return changes


_COMPARED = ("handle", "name", "description", "routing", "deleted")


def _row(upstream: Upstream, group: types.Group) -> Group:
    return Group(
        upstream_id=upstream.pk,
        mobius_id=group.id,
        handle=group.handle,
        name=group.name[:300],
        description=group.description,
        routing=group.routing.value,
    )


def _differs(stored: Group | None, row: Group) -> bool:
    return stored is None or any(getattr(stored, name) != getattr(row, name) for name in _COMPARED)


def _open_questions_of(upstream: Upstream, group_id: str) -> set[str]:
    rows = Interaction.objects.filter(upstream=upstream, group_id=group_id).pending_by_index()
    return set(rows.values_list("mobius_id", flat=True))


def _store_members(group: int, user_ids: set[str]) -> set[str]:
    """Returns who joined or left."""
    stored = set(Membership.objects.filter(group_id=group).values_list("user_id", flat=True))
    joined = [Membership(group_id=group, user_id=user_id) for user_id in user_ids - stored]
    Membership.objects.bulk_create(joined, ignore_conflicts=True)
    if stored - user_ids:
        Membership.objects.filter(group_id=group, user_id__in=stored - user_ids).delete()
    return user_ids ^ stored
