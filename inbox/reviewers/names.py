"""What people are called: by their accounts here, else by their Mobius id."""

from collections.abc import Iterable

from inbox.models import Reviewer


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for each id given that is not empty. One query, none for no ids."""
    wanted = {user_id for user_id in user_ids if user_id}
    if not wanted:
        return {}
    known = Reviewer.objects.filter(mobius_id__in=wanted).select_related("user")
    return {user_id: user_id for user_id in wanted} | {
        reviewer.mobius_id: reviewer.name for reviewer in known if reviewer.mobius_id
    }
