"""People's names: from their accounts here, else their Mobius ID."""

from collections.abc import Iterable

from inbox.models import Reviewer


def accounts_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for IDs with an account here. At most one query."""
    return {str(reviewer.mobius_id): reviewer.name for reviewer in _accounts(user_ids)}


def accounts_and_deactivated(
    user_ids: Iterable[str | None],
) -> tuple[dict[str, str], frozenset[str]]:
    """``accounts_of``, and the IDs whose account is deactivated. At most one query."""
    reviewers = _accounts(user_ids)
    names = {str(reviewer.mobius_id): reviewer.name for reviewer in reviewers}
    return names, frozenset(
        str(reviewer.mobius_id) for reviewer in reviewers if not reviewer.user.is_active
    )


def _accounts(user_ids: Iterable[str | None]) -> list[Reviewer]:
    ids = {user_id for user_id in user_ids if user_id}
    if not ids:
        return []
    return list(Reviewer.objects.filter(mobius_id__in=ids).select_related("user"))


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for each ID that is not empty. At most one query."""
    ids = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in ids} | accounts_of(ids)
