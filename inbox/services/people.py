"""Adding people: an account, its Mobius ID, its role; and giving and taking rights.

``rights_log`` logs every change of an identity or a right.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from inbox.access import PERMISSIONS, REVIEWER, ROLES, TEAM_LEAD
from inbox.models import Reviewer, Upstream
from inbox.people import directory
from inbox.services import credentials, links


class Role(StrEnum):
    REVIEWER = "reviewer"
    LEAD = "lead"


GROUPS = {Role.REVIEWER: (REVIEWER,), Role.LEAD: (REVIEWER, TEAM_LEAD)}
RIGHTS = (*ROLES, *PERMISSIONS)
"""What can be given: names of roles, codenames of permissions."""

Right = tuple[int, str]
"""An account's ID, and one of ``RIGHTS`` that it has itself."""


@dataclass(frozen=True)
class Person:
    """What to set for a person. None leaves a value as it is; a new person gets no value, and the
    role of a reviewer.
    """

    username: str
    mobius_id: str | None = None
    full_name: str | None = None
    email: str | None = None
    role: Role | None = None
    admin: bool = False


@dataclass(frozen=True)
class Added:
    """The result for a person. ``link`` is their sign-in link, if one was created; ``refused`` says
    why they were not added. ``unseen``: the Mobius ID has not appeared in Mobius' data yet.
    """

    person: Person
    link: str = ""
    refused: "NotAdded | None" = None
    unseen: bool = False


class Reason(StrEnum):
    """Why a person was not added or changed."""

    HAS_ACCOUNT = "has_account"
    NO_MOBIUS_ID = "no_mobius_id"
    ID_OF_ANOTHER = "id_of_another"
    JUST_TAKEN = "just_taken"
    NAME_OF_SEVERAL_LINES = "name_of_several_lines"
    INVALID = "invalid"


class NotAdded(Exception):
    """Nothing has changed. ``owner`` is the account that has the Mobius ID, ``invalid`` are the
    fields' validation errors.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        username: str = "",
        mobius_id: str = "",
        owner: str = "",
        invalid: Sequence[str] = (),
    ) -> None:
        super().__init__(reason)
        self.reason, self.username, self.mobius_id = reason, username, mobius_id
        self.owner, self.invalid = owner, invalid


@sensitive_variables("password", "hashed")
def add(person: Person, *, password: str | None = None, update: bool = False) -> Added:
    """Create the account, or with ``update`` change an existing one.

    An active account that ends up without a password gets a sign-in link to set one. Raises
    ``NotAdded``.
    """
    # Hashing is slow by design, and SQLite has one write lock.
    hashed = None if password is None else make_password(password)
    with transaction.atomic():
        return _add(person, password, hashed, update=update)


@sensitive_variables("password", "hashed")
def _add(person: Person, password: str | None, hashed: str | None, *, update: bool) -> Added:
    Upstream.lock_current()
    user = get_user_model().objects.filter(username=person.username).first()
    if user is not None and not update:
        raise NotAdded(Reason.HAS_ACCOUNT, username=person.username)
    if user is None:
        user = _new(person)
    else:
        credentials.lock(user)
    _describe(user, person)
    if password is not None and hashed is not None:
        _check_password(user, password)
        user.password = hashed
    try:
        with transaction.atomic():
            user.save()
            _identify(user, person)
    except IntegrityError:
        raise NotAdded(
            Reason.JUST_TAKEN, username=person.username, mobius_id=person.mobius_id or ""
        ) from None
    if person.role is not None or not user.groups.filter(name__in=ROLES).exists():
        give_role(user, person.role or Role.REVIEWER)
    link = links.make_sign_in(user) if user.is_active and links.needs_link(user) else ""
    seen = person.mobius_id is None or directory.is_seen(person.mobius_id.strip())
    return Added(person, link=link, unseen=not seen)


@transaction.atomic
def set_mobius_id(user: User, mobius_id: str) -> None:
    """Set who ``user`` is in Mobius. Raises ``NotAdded``."""
    credentials.lock(user)
    try:
        with transaction.atomic():
            _identify(user, Person(user.get_username(), mobius_id))
    except IntegrityError:
        raise NotAdded(Reason.JUST_TAKEN, mobius_id=mobius_id) from None


def add_all(people: Iterable[Person], *, update: bool = False, keep: bool = True) -> list[Added]:
    """Add all people, or none if one has a problem. ``keep=False`` is a preview: it adds none."""
    with transaction.atomic():
        results = [_try_add(person, update=update) for person in people]
        if not keep or any(result.refused for result in results):
            transaction.set_rollback(True)
    return results


def _try_add(person: Person, *, update: bool) -> Added:
    try:
        return add(person, update=update)
    except NotAdded as refused:
        return Added(person, refused=refused)


def _new(person: Person) -> User:
    if not person.mobius_id:
        raise NotAdded(Reason.NO_MOBIUS_ID, username=person.username)
    user = get_user_model()(username=person.username)
    user.set_unusable_password()
    return user


def _describe(user: User, person: Person) -> None:
    if person.full_name is not None:
        if not person.full_name.isprintable():
            raise NotAdded(Reason.NAME_OF_SEVERAL_LINES, username=person.username)
        user.first_name, _, user.last_name = person.full_name.strip().partition(" ")
    if person.email is not None:
        user.email = person.email.strip()
    if person.admin:
        user.is_staff = user.is_superuser = True
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise NotAdded(Reason.INVALID, invalid=error.messages) from None


@sensitive_variables("password")
def _check_password(user: User, password: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise NotAdded(Reason.INVALID, invalid=error.messages) from None


def _identify(user: User, person: Person) -> None:
    """Set the Mobius ID. Raises ``NotAdded`` if another account has it."""
    mobius_id = None if person.mobius_id is None else person.mobius_id.strip()
    reviewer = Reviewer.objects.get(user=user)
    if mobius_id is None or mobius_id == reviewer.mobius_id:
        return
    if not mobius_id:
        raise NotAdded(Reason.NO_MOBIUS_ID, username=person.username)
    try:
        Reviewer._meta.get_field("mobius_id").clean(mobius_id, reviewer)
    except ValidationError as error:
        raise NotAdded(Reason.INVALID, invalid=error.messages) from None
    owner = Reviewer.objects.filter(mobius_id=mobius_id).select_related("user").first()
    if owner is not None:
        raise NotAdded(Reason.ID_OF_ANOTHER, mobius_id=mobius_id, owner=owner.user.get_username())
    credentials.assign(reviewer, mobius_id=mobius_id)


def give_role(user: User, role: Role) -> None:
    """Replace the user's role; other groups stay."""
    had = {group.name for group in user.groups.filter(name__in=ROLES)}
    now = set(GROUPS[role])
    if had != now:
        user.groups.remove(*Group.objects.filter(name__in=had - now))
        user.groups.add(*Group.objects.filter(name__in=now - had))


@transaction.atomic
def change_rights(*, given: Set[Right], taken: Set[Right]) -> int:
    """Give and take rights. Returns how many accounts were named; unknown ones are skipped."""
    # The log's lock comes first, as for every other change of an account.
    Upstream.lock_current()
    roles = {role.name: role for role in Group.objects.filter(name__in=ROLES)}
    permissions = {
        permission.codename: permission
        for permission in Permission.objects.filter(
            content_type__app_label="inbox", codename__in=PERMISSIONS
        )
    }
    users = User.objects.filter(pk__in={user_id for user_id, _ in given | taken})
    for user in users:
        to_give = {right for user_id, right in given if user_id == user.pk}
        to_take = {right for user_id, right in taken if user_id == user.pk}
        user.groups.add(*(roles[right] for right in to_give & roles.keys()))
        user.groups.remove(*(roles[right] for right in to_take & roles.keys()))
        user.user_permissions.add(*(permissions[right] for right in to_give & permissions.keys()))
        user.user_permissions.remove(
            *(permissions[right] for right in to_take & permissions.keys())
        )
    return len(users)
