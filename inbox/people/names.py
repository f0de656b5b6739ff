"""People's names: from their accounts here, else their Mobius ID. Machines have Mobius' names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, Value

from inbox.models import Machine, Reviewer

_NAME_FIELDS = {"first_name", "last_name", "username"}
_USERNAME = re.compile(r" \([^()]*\)$")
"""The username behind a name that several accounts have."""


def account_saved(
    *, instance: User, created: bool, raw: bool, update_fields: Any, **_: Any
) -> None:
    """A new account is named when its reviewer is created."""
    if not (raw or created) and (update_fields is None or _NAME_FIELDS & set(update_fields)):
        rename(Reviewer.objects.get(user=instance))


def reviewer_saved(*, instance: Reviewer, raw: bool, update_fields: Any, **_: Any) -> None:
    """The row may have been read before the name was changed."""
    if not raw and update_fields is None:
        rename(instance)


def rename(reviewer: Reviewer) -> None:
    rename_all([reviewer])
    reviewer.refresh_from_db(fields=["name"])


def rename_all(reviewers: Sequence[Reviewer]) -> None:
    """Accounts with the same full name are all shown with their usernames."""
    ids = [reviewer.pk for reviewer in reviewers]
    stored = Reviewer.objects.filter(pk__in=ids).values_list("name", flat=True)
    names = {full_name(reviewer.user) for reviewer in reviewers}
    names |= {_USERNAME.sub("", name) for name in stored}
    similar = Q(pk__in=ids)
    for name in names:
        similar |= Q(name__iexact=name) | Q(name__istartswith=f"{name} (")
    rows = defaultdict(list)
    for row in Reviewer.objects.filter(similar).select_related("user"):
        rows[full_name(row.user).casefold()].append(row)
    for same in [rows[name.casefold()] for name in names]:
        for row in same:
            name = full_name(row.user)
            if len(same) > 1:
                name = f"{name} ({row.user.username})"
            if row.name != name:
                Reviewer.objects.filter(pk=row.pk).update(name=name)


def full_name(user: User) -> str:
    return " ".join(user.get_full_name().split()) or user.username


def accounts_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for IDs with an account here and for machines."""
    return accounts_and_deactivated(user_ids)[0]


def accounts_and_deactivated(
    user_ids: Iterable[str | None],
) -> tuple[dict[str, str], frozenset[str]]:
    """The second value is the IDs whose account is deactivated."""
    ids = {user_id for user_id in user_ids if user_id}
    if not ids:
        return {}, frozenset()
    # Only these columns: a group can have hundreds of members.
    found = Reviewer.objects.filter(mobius_id__in=ids)
    people = found.values_list("mobius_id", "name", "user__is_active")
    machines = Machine.objects.filter(mobius_id__in=ids)
    rows = list(people.union(machines.values_list("mobius_id", "name", Value(True))))
    names = {str(id_): name for id_, name, _active in rows}
    return names, frozenset(str(id_) for id_, _name, active in rows if not active)


def names_of(user_ids: Iterable[str | None]) -> dict[str, str]:
    """Mobius ID → name, for each ID that is not empty."""
    ids = {user_id for user_id in user_ids if user_id}
    return {user_id: user_id for user_id in ids} | accounts_of(ids)
