"""Who was asked together and is no longer in the group."""

from collections.abc import Iterable, Mapping

from inbox.models import Group, Interaction, Membership, Upstream


def left_behind(upstream: Upstream, items: Iterable[Interaction]) -> Mapping[str, frozenset[str]]:
    """Interaction id → those of its snapshot who are not in its group now.

    For questions that several answer. A group that the mirror does not hold says nothing. Two
    queries, none where no question needs them.
    """
    shared = [item for item in items if item.group_id and item.members is not None]
    shared = [item for item in shared if item.policy.get("kind", "any") != "any"]
    wanted = {item.group_id for item in shared}
    if not wanted:
        return {}
    groups = Group.objects.filter(upstream=upstream, mobius_id__in=wanted, gone=False)
    now_in: dict[str, set[str]] = {id_: set() for id_ in groups.values_list("mobius_id", flat=True)}
    rows = Membership.objects.filter(group__upstream=upstream, group__mobius_id__in=list(now_in))
    for group_id, user_id in rows.values_list("group__mobius_id", "user_id"):
        now_in[group_id].add(user_id)
    return {
        item.mobius_id: frozenset(item.members or ()) - now_in[item.group_id]
        for item in shared
        if item.group_id in now_in
    }
