"""What people are called: by their accounts here, else by their Mobius id."""

from collections.abc import Iterable

from inbox.models import Reviewer


def accounts_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for those of the ids that have an account here. One query, or none."""
    return {str(reviewer.mobius_id): reviewer.name for reviewer in _accounts(user_ids)}


def accounts_and_deactivated(
    user_ids: Iterable[str | None],
) -> tuple[dict[str, str], frozenset[str]]:
    """``accounts_of``, and those of the ids whose account is deactivated. One query, or none."""
    known = _accounts(user_ids)
    names = {str(reviewer.mobius_id): reviewer.name for reviewer in known}
    return names, frozenset(str(one.mobius_id) for one in known if not one.user.is_active)


def _accounts(user_ids: Iterable[str | None]) -> list[Reviewer]:
    wanted = {user_id for user_id in user_ids if user_id}
    if not wanted:
        return []
    return list(Reviewer.objects.filter(mobius_id__in=wanted).select_related("user"))


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius id → name, for each id given that is not empty. One query, none for no ids."""
    wanted = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in wanted} | accounts_of(wanted)
