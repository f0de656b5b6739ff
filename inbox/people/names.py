"""The names behind Mobius IDs: of accounts here, and of machines as Mobius lists them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, Value
from django.utils.translation import gettext as _

from inbox.models import Machine, Reviewer, Upstream

_NAME_FIELDS = {"first_name", "last_name", "username"}
_USERNAME = re.compile(r" \([^()]*\)$")
"""The username behind a name that several accounts have."""
_WHOLE, _SHORT = 16, 11
"""Characters: the longest ID that is shown whole, and the beginning of longer ones."""


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


@dataclass(frozen=True)
class Names:
    """``known``: Mobius ID → name, for accounts here, ``deactivated`` ones too, and for
    ``machines``.

    ``person_prefix`` is as in ``Adapter``.
    """

    known: Mapping[str, str]
    deactivated: frozenset[str] = frozenset()
    machines: frozenset[str] = frozenset()
    person_prefix: str = ""

    def of(self, user_id: str) -> str:
        return self.known.get(user_id) or self._unknown(user_id)

    def has_active_account(self, user_id: str) -> bool:
        return user_id in self.known.keys() - self.deactivated - self.machines

    def _unknown(self, user_id: str) -> str:
        if not self.person_prefix or not user_id.startswith(self.person_prefix):
            return user_id
        short = f"{user_id[:_SHORT]}…" if len(user_id) > _WHOLE else user_id
        return _("Unknown person (%(id)s)") % {"id": short}


NO_NAMES = Names({})


def names_of(upstream: Upstream, user_ids: Iterable[str | None]) -> Names:
    ids, prefix = {user_id for user_id in user_ids if user_id}, upstream.adapter.person_prefix
    if not ids:
        return Names({}, person_prefix=prefix)
    # Only these columns: a group can have hundreds of members.
    found = Reviewer.objects.filter(mobius_id__in=ids).annotate(machine=Value(False))
    people = found.values_list("mobius_id", "name", "user__is_active", "machine")
    listed = Machine.objects.filter(mobius_id__in=ids)
    machines = listed.values_list("mobius_id", "name", Value(True), Value(True))
    rows = [(str(id_), *others) for id_, *others in people.union(machines)]
    return Names(
        known={id_: name for id_, name, _active, _machine in rows},
        deactivated=frozenset(id_ for id_, _name, active, _machine in rows if not active),
        machines=frozenset(id_ for id_, _name, _active, machine in rows if machine),
        person_prefix=prefix,
    )
