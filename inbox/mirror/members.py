"""The members of a group whose question has no member snapshot."""

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from inbox.mirror import recipients
from inbox.mirror.changes import Changes
from inbox.mirror.tally import Tallies, facts
from inbox.models import Group, GroupMapping, Interaction, Membership, Reviewer, Upstream


class Members:
    """Members of groups, each looked up once: from the groups API, else the local group mapping."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._found: dict[tuple[str | None, str], tuple[list[str] | None, str]] = {}

    def set_on(self, row: Interaction) -> None:
        key = (row.group_id, row.target_id)
        if key not in self._found:
            self._found[key] = self._look_up(*key)
        row.members, row.members_from = self._found[key]

    def _look_up(self, group_id: str | None, target_id: str) -> tuple[list[str] | None, str]:
        keys = [key for key in (group_id, target_id) if key]
        groups = Group.objects.filter(upstream=self._upstream, deleted=False)
        for key in keys:
            group = groups.filter(Q(mobius_id=key) | Q(handle=key)).first()
            if group is not None:
                members = Membership.objects.filter(group=group).order_by("user_id")
                return list(members.values_list("user_id", flat=True)), Interaction.FROM_GROUPS
        mapped = GroupMapping.objects.filter(upstream=self._upstream)
        for key in keys:
            people = mapped.filter(group_id=key).order_by("reviewer__mobius_id")
            user_ids = list(people.values_list("reviewer__mobius_id", flat=True))
            if user_ids:
                return [id for id in user_ids if id], Interaction.FROM_MAPPING
        return None, ""


def follow_mobius_id(*, reviewer: Reviewer, upstream: Upstream, **_: Any) -> None:
    if reviewer.mapped_groups.exists():
        transaction.on_commit(refresh(upstream).publish)


def refresh(upstream: Upstream) -> Changes:
    """Update open questions to ask their groups' current members.

    Call it inside a transaction that has locked the upstream's row, and publish after the commit.
    """
    open_ = Interaction.objects.pending().filter(upstream=upstream, target_type="group")
    members, rows, tallies = Members(upstream), [], Tallies()
    for row in open_.exclude(members_from=Interaction.FROM_SNAPSHOT):
        before = row.members, row.members_from
        members.set_on(row)
        if (row.members, row.members_from) != before:
            tallies.subtract(row)
            row.counted = row.counted and facts(row, row.counted)
            tallies.add(row)
            rows.append(row)
    changes = Changes(interactions={row.mobius_id for row in rows})
    Interaction.objects.bulk_update(rows, ["members", "members_from", "counted"], 100)
    changes.touch(*recipients.write(new=[], changed=rows, at=datetime.now(UTC)))
    tallies.write(upstream)
    return changes
