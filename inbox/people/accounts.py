"""Adding people: an account, its Mobius ID, its role; and giving and taking rights.

``rights_log`` logs every change of an identity or a right.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from inbox.access import PERMISSIONS, REVIEWER, ROLES, TEAM_LEAD
from inbox.audit import rights_log
from inbox.models import NotificationEvent, Reviewer, Upstream
from inbox.people import directory, links, member_tokens, names


class Role(StrEnum):
    REVIEWER = "reviewer"
    LEAD = "lead"


GROUPS = {Role.REVIEWER: (REVIEWER,), Role.LEAD: (REVIEWER, TEAM_LEAD)}
RIGHTS = (*ROLES, *PERMISSIONS)
"""Names of roles, codenames of permissions."""

Right = tuple[int, str]
"""An account's ID, and one of ``RIGHTS`` that it has itself."""


@dataclass(frozen=True)
class Person:
    """None leaves a value as it is; a new person gets no value, and the role of a reviewer."""

    username: str
    mobius_id: str | None = None
    full_name: str | None = None
    email: str | None = None
    role: Role | None = None
    admin: bool = False


@dataclass(frozen=True)
class Added:
    """``unseen``: the Mobius ID has not appeared in Mobius' data yet."""

    person: Person
    link: str = ""
    refused: "NotAdded | None" = None
    unseen: bool = False


class Reason(StrEnum):
    HAS_ACCOUNT = "has_account"
    NO_MOBIUS_ID = "no_mobius_id"
    ID_OF_ANOTHER = "id_of_another"
    JUST_TAKEN = "just_taken"
    HAS_ID = "has_id"
    DEACTIVATED = "deactivated"
    NAME_OF_SEVERAL_LINES = "name_of_several_lines"
    INVALID = "invalid"


class NotAdded(Exception):
    """Nothing has changed. ``owner`` is the account that has the Mobius ID."""

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
    """An active account without a password gets a sign-in link. Raises ``NotAdded``."""
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
        member_tokens.lock(user)
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
    mobius_id = (person.mobius_id or "").strip()
    return Added(person, link=link, unseen=bool(mobius_id) and not directory.seen([mobius_id]))


@transaction.atomic
def set_mobius_id(user: User, mobius_id: str) -> None:
    """Raises ``NotAdded``."""
    member_tokens.lock(user)
    try:
        with transaction.atomic():
            _identify(user, Person(user.get_username(), mobius_id))
    except IntegrityError:
        raise NotAdded(Reason.JUST_TAKEN, mobius_id=mobius_id) from None


@transaction.atomic
def give_mobius_id(user: User, mobius_id: str) -> None:
    """To an active account that has none. Raises ``NotAdded``."""
    member_tokens.lock(user)
    user = User.objects.select_related("reviewer").get(pk=user.pk)
    username, has = user.get_username(), user.reviewer.mobius_id
    if not user.is_active:
        raise NotAdded(Reason.DEACTIVATED, username=username)
    if has and has != mobius_id:
        raise NotAdded(Reason.HAS_ID, username=username, mobius_id=has)
    set_mobius_id(user, mobius_id)


def check_all(people: Iterable[Person], *, update: bool = False) -> list[Added]:
    """Writes nothing."""
    people = list(people)
    ids = {(person.mobius_id or "").strip() for person in people}
    usernames = {person.username for person in people}
    users = {user.username: user for user in User.objects.filter(username__in=usernames)}
    owners = dict(
        Reviewer.objects.filter(mobius_id__in=ids).values_list("mobius_id", "user__username")
    )
    seen = directory.seen(ids)
    results = []
    for person in people:
        mobius_id = (person.mobius_id or "").strip()
        try:
            users[person.username] = _check(person, users, owners, update=update)
        except NotAdded as refused:
            results.append(Added(person, refused=refused))
            continue
        if mobius_id:
            # A later line may take the ID that this person had.
            owners = {id_: owner for id_, owner in owners.items() if owner != person.username}
            owners[mobius_id] = person.username
        results.append(Added(person, unseen=bool(mobius_id) and mobius_id not in seen))
    return results


def _check(
    person: Person, users: Mapping[str, User], owners: Mapping[str | None, str], *, update: bool
) -> User:
    """The account that the person would have, not saved. Raises ``NotAdded``."""
    user = users.get(person.username)
    if user is not None and not update:
        raise NotAdded(Reason.HAS_ACCOUNT, username=person.username)
    user = user or _new(person)
    _describe(user, person)
    if person.mobius_id is not None:
        mobius_id = person.mobius_id.strip()
        owner = owners.get(mobius_id)
        if owner != person.username:
            _check_mobius_id(mobius_id, person.username, owner)
    return user


def add_all(people: Iterable[Person], *, update: bool = False) -> list[Added]:
    """Add all people, or none if one has a problem.

    They are checked again in the transaction that adds them, which is short: SQLite has one writer.
    """
    people = list(people)
    try:
        with transaction.atomic():
            Upstream.lock_current()
            results = check_all(people, update=update)
            if any(result.refused for result in results):
                return results
            usernames = [person.username for person in people]
            rows = User.objects.filter(username__in=usernames)
            existing = set(rows.values_list("username", flat=True))
            links_of = _create_all([p for p in people if p.username not in existing])
            for person in people:
                if person.username in existing:
                    links_of[person.username] = _add(person, None, None, update=True).link
    except IntegrityError:
        results = check_all(people, update=update)
        if not any(result.refused for result in results):
            raise
        return results
    return [replace(result, link=links_of[result.person.username]) for result in results]


def _create_all(people: Sequence[Person]) -> dict[str, str]:
    """The people were checked. Returns sign-in links by username."""
    users = [_new(person) for person in people]
    for user, person in zip(users, people, strict=True):
        _describe(user, person)
    User.objects.bulk_create(users)
    reviewers = Reviewer.objects.bulk_create(
        Reviewer(user=user, mobius_id=(person.mobius_id or "").strip(), name=names.full_name(user))
        for user, person in zip(users, people, strict=True)
    )
    names.rename_all(reviewers)
    given = {
        user.pk: GROUPS[person.role or Role.REVIEWER]
        for user, person in zip(users, people, strict=True)
    }
    groups = {group.name: group for group in Group.objects.filter(name__in=ROLES)}
    User.groups.through.objects.bulk_create(
        User.groups.through(user_id=pk, group=groups[name])
        for pk, roles in given.items()
        for name in roles
    )
    rights_log.enter_created(reviewers, {pk: list(roles) for pk, roles in given.items()})
    given_ids = [reviewer.mobius_id or "" for reviewer in reviewers]
    NotificationEvent.objects.write_summaries(Upstream.current(), given_ids)
    made = links.make_sign_in_of_new(users)
    return {user.username: link for user, link in zip(users, made, strict=True)}


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
    """Raises ``NotAdded`` if another account has the ID."""
    mobius_id = None if person.mobius_id is None else person.mobius_id.strip()
    reviewer = Reviewer.objects.get(user=user)
    if mobius_id is None or mobius_id == reviewer.mobius_id:
        return
    owner = Reviewer.objects.filter(mobius_id=mobius_id).select_related("user").first()
    _check_mobius_id(mobius_id, person.username, owner.user.get_username() if owner else None)
    member_tokens.assign(reviewer, mobius_id=mobius_id)


def _check_mobius_id(mobius_id: str, username: str, owner: str | None) -> None:
    """Raises ``NotAdded``. ``owner`` is the account that has the ID."""
    if not mobius_id:
        raise NotAdded(Reason.NO_MOBIUS_ID, username=username)
    try:
        Reviewer._meta.get_field("mobius_id").clean(mobius_id, None)
    except ValidationError as error:
        raise NotAdded(Reason.INVALID, invalid=error.messages) from None
    if owner is not None:
        raise NotAdded(Reason.ID_OF_ANOTHER, mobius_id=mobius_id, owner=owner)


def give_role(user: User, role: Role) -> None:
    """Other groups stay."""
    had = {group.name for group in user.groups.filter(name__in=ROLES)}
    now = set(GROUPS[role])
    if had != now:
        user.groups.remove(*Group.objects.filter(name__in=had - now))
        user.groups.add(*Group.objects.filter(name__in=now - had))


@transaction.atomic
def change_rights(*, given: Set[Right], taken: Set[Right]) -> int:
    """Returns how many accounts were named; unknown ones are skipped."""
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
