"""What people are called: by their accounts here, else by their Mobius id."""

from collections.abc import Iterable

from inbox.models import Reviewer


def accounts_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for those of the ids that have an account here. One query, or none."""
    wanted = {user_id for user_id in user_ids if user_id}
    if not wanted:
        return {}
    known = Reviewer.objects.filter(mobius_id__in=wanted).select_related("user")
    return {reviewer.mobius_id: reviewer.name for reviewer in known if reviewer.mobius_id}


def switched_off(user_ids: Iterable[str]) -> frozenset[str]:
    """Those of the Mobius ids whose account here is switched off. One query, or none."""
    wanted = set(user_ids)
    if not wanted:
        return frozenset()
    found = Reviewer.objects.filter(mobius_id__in=wanted, user__is_active__in=(False,))
    return frozenset(id_ for id_ in found.values_list("mobius_id", flat=True) if id_)


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for each id given that is not empty. One query, none for no ids."""
    wanted = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in wanted} | accounts_of(wanted)
