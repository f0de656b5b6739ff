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


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for each id given that is not empty. One query, none for no ids."""
    wanted = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in wanted} | accounts_of(wanted)
