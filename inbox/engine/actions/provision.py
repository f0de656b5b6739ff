"""What an operator makes outside the API: a project, its people, their tokens."""

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


def provision(
    *,
    handle: str,
    people: dict[str, str],
    groups: list[dict[str, Any]],
    service_key: str | None = None,
    member_tokens: dict[str, str] | None = None,
    keep_groups: bool = False,
    at: datetime | None = None,
) -> dict[str, Any]:
    """Make the project ``handle`` and what belongs to it, or bring it to what is asked.

    ``people``: name by user id. ``groups``: ``handle``, ``name``, ``routing_policy``,
    ``description``?, ``members`` (user ids); with ``keep_groups`` one that is there already stays
    as people have made it. Tokens given are registered; where none is given a
    fresh one is made, because only a token's hash is kept. Returns ``service_key``, ``members``
    (token by user id) and ``groups`` (id by handle). Raises 400 for a handle that is not
    URL-safe, 409 for a token that somebody else has.
    """
    if not _HANDLE.fullmatch(handle):
        raise errors.bad_request(f"{handle!r} is not a URL-safe project handle.")
    now = at or clock.now()
    with transaction.atomic(using=ALIAS):
        project, _ = Project.objects.get_or_create(handle=handle, defaults={"created_at": now})
        Project.objects.select_for_update().get(pk=project.pk)
        tokens: dict[str, str] = {}
        for user_id, name in people.items():
            person, _ = Person.objects.update_or_create(
                project=project, user_id=user_id, defaults={"name": name}
            )
            given = (member_tokens or {}).get(user_id)
            tokens[user_id] = _register(project, person, given, now)
        made = {each["handle"]: _bring_group(project, each, now, keep_groups) for each in groups}
        key = _register(project, None, service_key, now)
    return {"service_key": key, "members": tokens, "groups": made}


def revoke(*, token: str, at: datetime | None = None) -> None:
    """From now on ``token`` is a 401. An unknown one is left alone."""
    Token.objects.filter(digest=digest(token.partition(".")[0]), revoked_at__isnull=True).update(
        revoked_at=at or clock.now()
    )


def is_registered(*, token: str) -> bool:
    """Whether this engine issued or registered ``token``, and has not revoked it."""
    return Token.objects.filter(
        digest=digest(token.partition(".")[0]), revoked_at__isnull=True
    ).exists()


def _register(project: Project, person: Person | None, token: str | None, now: datetime) -> str:
    raw = token or f"{MEMBER if person else SERVICE}{secrets.token_urlsafe(32)}"
    row, _ = Token.objects.get_or_create(
        digest=digest(raw),
        defaults={"project": project, "person": person, "created_at": now},
    )
    if row.project_id != project.pk or row.person_id != (person.pk if person else None):
        raise errors.conflict("The token is somebody else's.")
    return raw


def _bring_group(project: Project, asked: dict[str, Any], now: datetime, keep: bool) -> str:
    there = Group.objects.filter(project=project, handle=asked["handle"]).first()
    if there is not None and keep:
        return there.id
    row, _ = Group.objects.update_or_create(
        project=project,
        handle=asked["handle"],
        defaults={
            "name": asked["name"],
            "routing_policy": asked.get("routing_policy", Group.Routing.FIRST_RESPONDER),
            "description": asked.get("description"),
            "updated_at": now,
        },
        create_defaults={
            "id": ids.new("grp", now),
            "name": asked["name"],
            "routing_policy": asked.get("routing_policy", Group.Routing.FIRST_RESPONDER),
            "description": asked.get("description"),
            "created_at": now,
            "updated_at": now,
        },
    )
    wanted = list(asked.get("members", ()))
    row.memberships.exclude(user_id__in=wanted).delete()
    present = set(row.memberships.values_list("user_id", flat=True))
    Membership.objects.bulk_create(
        Membership(id=ids.new("gm", now), group=row, user_id=user_id, added_at=now)
        for user_id in wanted
        if user_id not in present
    )
    return row.id
