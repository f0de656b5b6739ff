"""*Permissions*: the accounts, and which of the roles and permissions each has."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User

from inbox.services.people import RIGHTS, Right
from inbox.web.ui import labels
from inbox.web.ui.lists import PAGE

_VALUE = re.compile(rf"([0-9]{{1,9}}):({'|'.join(map(re.escape, RIGHTS))})")


@dataclass(frozen=True)
class Cell:
    """A checkbox. ``by_role``: a role gives the permission, so it can't be taken away here."""

    value: str
    label: str
    has: bool
    by_role: bool


@dataclass(frozen=True)
class PersonRow:
    user: User
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class PermissionsPage:
    """``shown`` says which boxes are checked, so that only what was changed is saved. ``last`` is
    the username after which the next page begins; empty on the last page.
    """

    headings: tuple[str, ...]
    rows: tuple[PersonRow, ...]
    shown: str
    last: str


def permissions_page(after: str) -> PermissionsPage:
    """The people whose usernames come after that one."""
    users = User.objects.filter(username__gt=after).order_by("username")
    users = users.prefetch_related("groups__permissions", "user_permissions")
    found = list(users[: PAGE + 1])
    rows = tuple(_row(user) for user in found[:PAGE])
    return PermissionsPage(
        headings=tuple(str(labels.RIGHTS[right]) for right in RIGHTS),
        rows=rows,
        shown=",".join(cell.value for row in rows for cell in row.cells if cell.has),
        last=rows[-1].user.get_username() if len(found) > PAGE else "",
    )


def rights_in(values: Iterable[str]) -> frozenset[Right]:
    """The rights that are named in a form; anything else is ignored."""
    found = map(_VALUE.fullmatch, values)
    return frozenset((int(match[1]), match[2]) for match in found if match)


def _row(user: User) -> PersonRow:
    roles = list(user.groups.all())
    own = {role.name for role in roles}
    own |= {permission.codename for permission in user.user_permissions.all()}
    by_role = {permission.codename for role in roles for permission in role.permissions.all()}
    return PersonRow(
        user=user,
        cells=tuple(
            Cell(
                value=f"{user.pk}:{right}",
                label=str(labels.RIGHTS[right]),
                has=right in own,
                by_role=right in by_role and right not in own,
            )
            for right in RIGHTS
        ),
    )
