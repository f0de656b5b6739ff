"""Who was asked together and is no longer in the group."""

from collections.abc import Iterable, Mapping

from inbox.models import Group, Interaction, Upstream


def left_behind(upstream: Upstream, items: Iterable[Interaction]) -> Mapping[str, frozenset[str]]:
    """Interaction id → those of its snapshot who are not in its group now.

    For questions that several answer. A group that the mirror does not hold says nothing. One
    query, none where no question needs it.
    """
    shared = [item for item in items if item.group_id and item.shared]
    wanted = {item.group_id for item in shared}
    if not wanted:
        return {}
    groups = Group.objects.filter(upstream=upstream, mobius_id__in=wanted, gone=False)
    now_in: dict[str, set[str | None]] = {}
    for group_id, user_id in groups.values_list("mobius_id", "memberships__user_id"):
        now_in.setdefault(group_id, set()).add(user_id)
    return {
        item.mobius_id: frozenset(item.members or ()) - now_in[item.group_id]
        for item in shared
        if item.group_id in now_in
    }
