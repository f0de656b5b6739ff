import re
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction

from inbox.engine import clock, ids
from inbox.engine.actions.auth import digest
from inbox.engine.models import Group, Membership, Person, Project, Token
from inbox.engine.router import ALIAS
from inbox.engine.rules import errors

SERVICE, MEMBER = "mbx_", "mbc_"
_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class BegunOtherwise(Exception):
    """The project speaks another generation of the API, which is its argument."""


def provision(
    *,
    handle: str,
    api: str = "a",
    people: dict[str, str],
    groups: list[dict[str, Any]],
    service_key: str | None = None,
    member_tokens: dict[str, str] | None = None,
    keep_groups: bool = False,
) -> dict[str, Any]:
    """Create the project ``handle``, or update it to match. ``people``: name by user id. With
    ``keep_groups`` an existing group stays as it is. Given tokens are registered, else new ones are
    made, because only hashes are stored. Returns ``service_key``, ``members`` (token by user id),
    ``groups`` (id by handle). Raises 400 for a wrong handle, 409 for someone else's token, and
    BegunOtherwise if the project speaks another generation than ``api``.
    """
    if not _HANDLE.fullmatch(handle):
        raise errors.bad_request(f"{handle!r} is not a URL-safe project handle.")
    now = clock.now()
    with transaction.atomic(using=ALIAS):
        project, _ = Project.objects.get_or_create(
            handle=handle, defaults={"created_at": now, "api": api}
        )
        if project.api != api:
            raise BegunOtherwise(project.api)
        Project.objects.select_for_update().get(pk=project.pk)
        tokens: dict[str, str] = {}
        for user_id, name in people.items():
            person, _ = Person.objects.update_or_create(
                project=project, user_id=user_id, defaults={"name": name}
            )
            token = (member_tokens or {}).get(user_id)
            tokens[user_id] = _register(project, person, token, now)
        group_ids = {
            group["handle"]: _provision_group(project, group, now, keep_groups) for group in groups
        }
        key = _register(project, None, service_key, now)
    return {"service_key": key, "members": tokens, "groups": group_ids}


def revoke(*, token: str) -> None:
    Token.objects.filter(digest=digest(token.partition(".")[0]), revoked_at__isnull=True).update(
        revoked_at=clock.now()
    )


def _register(project: Project, person: Person | None, token: str | None, now: datetime) -> str:
    raw = token or f"{MEMBER if person else SERVICE}{secrets.token_urlsafe(32)}"
    row, _ = Token.objects.get_or_create(
        digest=digest(raw),
        defaults={"project": project, "person": person, "created_at": now},
    )
    if row.project_id != project.pk or row.person_id != (person.pk if person else None):
        raise errors.conflict("The token belongs to someone else.")
    return raw


def _provision_group(project: Project, group: dict[str, Any], now: datetime, keep: bool) -> str:
    existing = Group.objects.filter(project=project, handle=group["handle"]).first()
    if existing is not None and keep:
        return existing.id
    fields = {
        "name": group["name"],
        "routing_policy": group.get("routing_policy", Group.Routing.FIRST_RESPONDER),
        "description": group.get("description"),
        "updated_at": now,
    }
    row, _ = Group.objects.update_or_create(
        project=project,
        handle=group["handle"],
        defaults=fields,
        create_defaults={**fields, "id": ids.new("grp", now), "created_at": now},
    )
    user_ids = list(group.get("members", ()))
    row.memberships.exclude(user_id__in=user_ids).delete()
    existing_ids = set(row.memberships.values_list("user_id", flat=True))
    Membership.objects.bulk_create(
        Membership(id=ids.new("gm", now), group=row, user_id=user_id, added_at=now)
        for user_id in user_ids
        if user_id not in existing_ids
    )
    return row.id
