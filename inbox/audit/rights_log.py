"""Changes of identity and rights become entries of the decision log, whoever makes them.

These are receivers of Django's model signals, so that the admin, commands and our services are all
covered. What bypasses the models is not: raw SQL, and a queryset's ``update`` in a shell.

The ``value`` of an entry has the ``account`` or the ``role``, and the state ``before`` and
``after``. Permissions are ``app.codename``; ``staff`` and ``superuser`` are the two flags. A linked
account of the identity provider is its subject.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Model, QuerySet
from django.db.models.signals import m2m_changed, post_save, pre_delete, pre_save
from django.utils import timezone

from inbox.audit import decision_log
from inbox.audit.decision_log import Entry, entry_by_actor
from inbox.models import Credential, Decision, Interaction, Reviewer, Upstream

CREATED = "account_created"
DELETED = "account_deleted"
RENAMED = "account_renamed"
REACTIVATED = "account_switched_on"
DEACTIVATED = "account_switched_off"
MOBIUS_ID = "mobius_id_changed"
ROLES = "roles_changed"
PERMISSIONS = "permissions_changed"
LINKED = "provider_account_linked"
UNLINKED = "provider_account_unlinked"
FACTOR_ADDED = "second_factor_added"
FACTOR_REMOVED = "second_factor_removed"
CONFLICT = "identity_conflict"
REFUSED_CLAIM = "mobius_id_refused"
ANOTHER_OWNER = "token_of_another"
VERBS = (
    CREATED,
    DELETED,
    RENAMED,
    REACTIVATED,
    DEACTIVATED,
    MOBIUS_ID,
    ROLES,
    PERMISSIONS,
    LINKED,
    UNLINKED,
    FACTOR_ADDED,
    FACTOR_REMOVED,
    CONFLICT,
    REFUSED_CLAIM,
    ANOTHER_OWNER,
)
CONFLICTS = (CONFLICT, REFUSED_CLAIM, ANOTHER_OWNER)
CONFLICT_AGAIN_AFTER = timedelta(hours=1)
"""The same conflict is not logged again within this time, however often the person tries."""

FLAGS = {"is_staff": "staff", "is_superuser": "superuser"}

User = get_user_model()
WATCHED: Mapping[Any, tuple[str, ...]] = {
    User: ("username", "is_active", *FLAGS),
    Reviewer: ("mobius_id",),
    Group: ("name",),
}
"""Fields that determine who someone is or what they may do."""

Names = dict[Any, str]
Fields = dict[str, Any]


def connect() -> None:
    for signal, receiver, senders in (
        (pre_save, _before_save, WATCHED),
        (post_save, _account_saved, [User]),
        (post_save, _reviewer_saved, [Reviewer]),
        (post_save, _role_saved, [Group]),
        (pre_delete, _account_deleted, [User]),
        (pre_delete, _role_deleted, [Group]),
        (pre_delete, _permission_deleted, [Permission]),
        (m2m_changed, _relation_changed, RELATIONS),
        (post_save, _provider_account_saved, [SocialAccount]),
        (pre_delete, _provider_account_deleted, [SocialAccount]),
        (post_save, _factor_saved, [Authenticator]),
        (pre_delete, _factor_deleted, [Authenticator]),
    ):
        for sender in senders:
            signal.connect(receiver, sender=sender, dispatch_uid="inbox.rights_log")


def enter(verb: str, subject: Model, before: Any, after: Any) -> None:
    if before != after:
        _append(verb, subject, {"before": before, "after": after})


def enter_created(reviewers: Iterable[Reviewer], roles: Mapping[int, list[str]]) -> None:
    """Accounts that were created in bulk send no signals. ``roles`` is by account."""
    upstream = Upstream.current()
    decision_log.append(
        *(
            _entry(upstream, verb, reviewer.user, {"before": before, "after": after})
            for reviewer in reviewers
            for verb, before, after in (
                (CREATED, None, "on"),
                (PERMISSIONS, [], _flags(vars(reviewer.user))),
                (MOBIUS_ID, None, reviewer.mobius_id),
                (ROLES, [], sorted(roles[reviewer.user.pk])),
            )
            if before != after
        )
    )


def enter_conflict(reviewer: Reviewer, owner: str) -> None:
    """``owner`` is the Mobius ID of a token that ``reviewer`` pasted."""
    _enter_conflict(CONFLICT, reviewer, owner)


def enter_refused_claim(reviewer: Reviewer, claimed: str) -> None:
    """``claimed`` is another account's Mobius ID."""
    _enter_conflict(REFUSED_CLAIM, reviewer, claimed)


@transaction.atomic
def _enter_conflict(verb: str, reviewer: Reviewer, owner: str) -> None:
    Upstream.lock_current()
    Reviewer.objects.select_for_update().get(pk=reviewer.pk)
    value = _conflict(reviewer, owner)
    recent = conflicts(timezone.now() - CONFLICT_AGAIN_AFTER)
    entry_value = {"account": reviewer.user.get_username(), **value}
    if all((entry.verb, entry.value) != (verb, entry_value) for entry in recent):
        _append(verb, reviewer.user, value)


def enter_another_owner(credential: Credential, owner: str, item: Interaction) -> None:
    """``credential`` was removed, since it answered ``item`` as ``owner``. Call it inside the
    transaction that removed it.
    """
    reviewer = credential.reviewer
    value = {"account": reviewer.user.get_username(), **_conflict(reviewer, owner)}
    value["before"] = credential.last_four
    entry = Entry(
        verb=ANOTHER_OWNER, upstream=credential.upstream, actor="", item=item, value=value
    )
    decision_log.append(entry)


def _conflict(reviewer: Reviewer, owner: str) -> Fields:
    holder = Reviewer.objects.filter(mobius_id=owner).select_related("user").first()
    return {
        "mobius_id": reviewer.mobius_id or None,
        "owner": owner,
        "owner_account": holder.user.get_username() if holder else None,
    }


def conflicts(since: datetime) -> list[Decision]:
    """Newest first."""
    entries = Decision.objects.filter(verb__in=CONFLICTS, at__gte=since)
    return list(entries.order_by("-at", "-number"))


def _append(verb: str, subject: Model, value: Fields) -> None:
    with transaction.atomic():
        decision_log.append(_entry(Upstream.current(), verb, subject, value))


def _entry(upstream: Upstream, verb: str, subject: Model, value: Fields) -> Entry:
    name = str(subject)
    kind = "role" if isinstance(subject, Group) else "account"
    return entry_by_actor(verb=verb, upstream=upstream, title=name, value={kind: name, **value})


def _before_save(*, sender: Any, instance: Any, update_fields: Any, using: str, **_: Any) -> None:
    """Remembers the stored values of the watched fields."""
    instance.stored_before = None
    if update_fields is not None and update_fields.isdisjoint(WATCHED[sender]):
        return
    rows = sender._base_manager.using(using).filter(pk=instance.pk)
    if transaction.get_connection(using).in_atomic_block:
        rows = rows.select_for_update()
    instance.stored_before = rows.values(*WATCHED[sender]).first() or {}


def _saved(sender: Any, instance: Any, update_fields: Any) -> tuple[Fields, Fields] | None:
    """``before`` is empty for a new row. None where the save did not concern the watched fields."""
    before = instance.stored_before
    if before is None:
        return None
    written = [name for name in WATCHED[sender] if update_fields is None or name in update_fields]
    return before, before | {name: getattr(instance, name) for name in written}


def _account_saved(*, sender: Any, instance: Any, update_fields: Any, **_: Any) -> None:
    if (fields := _saved(sender, instance, update_fields)) is None:
        return
    before, after = fields
    state = "on" if after["is_active"] else "off"
    if not before:
        enter(CREATED, instance, None, state)
    else:
        enter(RENAMED, instance, before["username"], after["username"])
        verb = REACTIVATED if after["is_active"] else DEACTIVATED
        enter(verb, instance, "on" if before["is_active"] else "off", state)
    if _flags(before) != _flags(after):
        permissions = _in_order(_permissions(instance.user_permissions.all()))
        enter(PERMISSIONS, instance, _flags(before) + permissions, _flags(after) + permissions)


def _reviewer_saved(*, sender: Any, instance: Any, update_fields: Any, **_: Any) -> None:
    if (fields := _saved(sender, instance, update_fields)) is not None:
        before, after = (state.get("mobius_id") or None for state in fields)
        enter(MOBIUS_ID, instance.user, before, after)


def _role_saved(*, sender: Any, instance: Any, update_fields: Any, **_: Any) -> None:
    """Rules refer to roles by name, so renaming one changes its members' roles."""
    fields = _saved(sender, instance, update_fields)
    if fields is None or not fields[0]:
        return
    before, after = ({instance.pk: state["name"]} for state in fields)
    for user in instance.user_set.all():
        roles = _roles(user.groups.all())
        enter(ROLES, user, _in_order(roles | before), _in_order(roles | after))


def _account_deleted(*, instance: Any, **_: Any) -> None:
    reviewer = Reviewer.objects.filter(user=instance).first()
    before = {
        "mobius_id": reviewer.mobius_id if reviewer else None,
        "roles": _in_order(_roles(instance.groups.all())),
        "permissions": _flags(vars(instance))
        + _in_order(_permissions(instance.user_permissions.all())),
    }
    enter(DELETED, instance, before, None)


def _provider_account_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if created:
        enter(LINKED, instance.user, None, instance.uid)


def _provider_account_deleted(*, instance: Any, **_: Any) -> None:
    enter(UNLINKED, instance.user, instance.uid, None)


def _factor_saved(*, instance: Any, created: bool, **_: Any) -> None:
    if created:
        enter(FACTOR_ADDED, instance.user, None, instance.type)


def _factor_deleted(*, instance: Any, **_: Any) -> None:
    enter(FACTOR_REMOVED, instance.user, instance.type, None)


def _role_deleted(*, instance: Any, **_: Any) -> None:
    _change(RELATIONS[User.groups.through], instance.user_set.all(), "remove", {instance.pk})


def _permission_deleted(*, instance: Any, **_: Any) -> None:
    for through, holders in (
        (User.user_permissions.through, instance.user_set.all()),
        (Group.permissions.through, instance.group_set.all()),
    ):
        _change(RELATIONS[through], holders, "remove", {instance.pk})


def _relation_changed(
    *, sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, **_: Any
) -> None:
    operation = action.removeprefix("pre_")
    if operation == action:
        return
    relation = RELATIONS[sender]
    if not reverse:
        _change(relation, [instance], operation, pk_set)
        return
    condition = {relation.field: instance} if pk_set is None else {"pk__in": pk_set}
    holders = relation.holder._base_manager.filter(**condition)
    _change(relation, holders, operation, {instance.pk})


def _change(relation: "Relation", holders: Any, operation: str, changed: set[Any] | None) -> None:
    """``changed`` is None for everything they have."""
    for holder in holders:
        manager = getattr(holder, relation.field)
        before = relation.names(manager.all())
        if operation == "add":
            after = before | relation.names(manager.model._base_manager.filter(pk__in=changed))
        else:
            lost = before.keys() if changed is None else changed
            after = {pk: name for pk, name in before.items() if pk not in lost}
        flags = _flags(vars(holder)) if relation.field == "user_permissions" else []
        enter(relation.verb, holder, flags + _in_order(before), flags + _in_order(after))


@dataclass(frozen=True)
class Relation:
    """A relation through which an account or role has rights, and its name in entries."""

    holder: Any
    field: str
    verb: str
    names: Callable[[QuerySet[Any]], Names]


def _roles(rows: QuerySet[Any]) -> Names:
    return dict(rows.values_list("pk", "name"))


def _permissions(rows: QuerySet[Any]) -> Names:
    permissions = rows.order_by().values_list("pk", "content_type__app_label", "codename")
    return {pk: f"{app}.{codename}" for pk, app, codename in permissions}


def _flags(fields: Mapping[str, Any]) -> list[str]:
    return [word for name, word in FLAGS.items() if fields.get(name)]


def _in_order(names: Names) -> list[str]:
    return sorted(names.values())


RELATIONS: Mapping[Any, Relation] = {
    User.groups.through: Relation(User, "groups", ROLES, _roles),
    User.user_permissions.through: Relation(User, "user_permissions", PERMISSIONS, _permissions),
    Group.permissions.through: Relation(Group, "permissions", PERMISSIONS, _permissions),
}
