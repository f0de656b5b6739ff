"""People's names: from their accounts here, else their Mobius ID."""

from collections.abc import Iterable

from inbox.models import Reviewer
from inbox.models.reviewer import shown_name


def accounts_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for IDs with an account here. At most one query."""
    return accounts_and_deactivated(user_ids)[0]


def accounts_and_deactivated(
    user_ids: Iterable[str | None],
) -> tuple[dict[str, str], frozenset[str]]:
    """``accounts_of``, and the IDs whose account is deactivated. At most one query."""
    ids = {user_id for user_id in user_ids if user_id}
    if not ids:
        return {}, frozenset()
    # Only these columns: a group can have hundreds of members.
    columns = ("user__first_name", "user__last_name", "user__username", "user__is_active")
    rows = list(Reviewer.objects.filter(mobius_id__in=ids).values_list("mobius_id", *columns))
    names = {str(id_): shown_name(*parts) for id_, *parts, _active in rows}
    return names, frozenset(str(id_) for id_, *_parts, active in rows if not active)


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for each ID that is not empty. At most one query."""
    ids = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in ids} | accounts_of(ids)
