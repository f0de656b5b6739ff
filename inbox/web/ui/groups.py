from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Q

from inbox.models import Group, Interaction, Upstream


@dataclass(frozen=True)
class Groups:
    """``names`` are by ID and by handle, since a target may be either; ``members`` are by ID,
    without groups that no longer exist in Mobius.
    """

    names: Mapping[str, str]
    members: Mapping[str, frozenset[str]]

    def name_for(self, item: Interaction) -> str:
        """An unknown group has its ID or handle."""
        return self.names.get(item.group_id or "") or self.names.get(item.target_id, item.target_id)

    def former_members(self, item: Interaction) -> frozenset[str]:
        """Only for questions that several people answer, and groups that are in the mirror."""
        present = self.members.get(item.group_id or "")
        if present is None or not item.shared:
            return frozenset()
        return frozenset(item.members or ()) - present


def groups_of(upstream: Upstream, items: Iterable[Interaction]) -> Groups:
    group_items = [item for item in items if item.target_type == "group"]
    ids = {id_ for item in group_items for id_ in (item.group_id, item.target_id) if id_}
    return read_groups(upstream, ids)


def read_groups(upstream: Upstream, ids: Collection[str]) -> Groups:
    names: dict[str, str] = {}
    members: dict[str, set[str]] = {}
    if ids:
        found = Group.objects.filter(Q(mobius_id__in=ids) | Q(handle__in=ids), upstream=upstream)
        rows = found.values_list("mobius_id", "handle", "name", "deleted", "memberships__user_id")
        for id_, handle, name, deleted, user_id in rows:
            names |= _names(id_, handle, name)
            if not deleted:
                members.setdefault(id_, set()).update({user_id} if user_id else ())
    return Groups(names, {id_: frozenset(users) for id_, users in members.items()})


def group_names(upstream: Upstream, ids: set[str]) -> dict[str, str]:
    """By ID and by handle: a target may be either."""
    if not ids:
        return {}
    found = Group.objects.filter(Q(mobius_id__in=ids) | Q(handle__in=ids), upstream=upstream)
    names: dict[str, str] = {}
    for id_, handle, name in found.values_list("mobius_id", "handle", "name"):
        names |= _names(id_, handle, name)
    return names


def _names(id_: str, handle: str, name: str) -> dict[str, str]:
    return {key: name or handle for key in (id_, handle) if key}
