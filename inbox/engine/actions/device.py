"""Signing in by device flow (RFC 8628): a program gets a person's token once they approve."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from inbox.engine import clock
from inbox.engine.actions.auth import Caller, digest
from inbox.engine.actions.provision import MEMBER
from inbox.engine.models import DeviceSignIn, Person, Project, Token
from inbox.engine.router import ALIAS
from inbox.engine.rules import errors

BEARER = "Bearer"
GRANT = "urn:ietf:params:oauth:grant-type:device_code"
EXPIRES_IN = timedelta(minutes=10)
INTERVAL = 1
"""Seconds between two requests for the token. Nothing enforces it."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""They form no words."""


class OAuthError(Exception):
    """``code`` is one of OAuth's, such as ``authorization_pending``."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code, self.message = code, message


def begin(*, project: str, page: str) -> dict[str, Any]:
    """``page`` is the address where people approve. Raises OAuthError for an unknown project."""
    requested = Project.objects.filter(handle=project).first() if project else None
    if project and requested is None:
        raise OAuthError("invalid_request", "The project is unknown.")
    letters = [secrets.choice(_LETTERS) for _ in range(8)]
    user_code, device_code = (
        f"{''.join(letters[:4])}-{''.join(letters[4:])}",
        secrets.token_urlsafe(32),
    )
    now = clock.now()
    with transaction.atomic(using=ALIAS):
        DeviceSignIn.objects.filter(expires_at__lte=now - EXPIRES_IN).delete()
        DeviceSignIn.objects.create(
            project=requested,
            digest=digest(device_code),
            user_code=user_code,
            expires_at=now + EXPIRES_IN,
        )
    return {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?code={user_code}",
        "expires_in": int(EXPIRES_IN.total_seconds()),
        "interval": INTERVAL,
    }


def exchange(*, grant: str, device_code: str) -> dict[str, Any]:
    """The token, once and only once. Until then it raises OAuthError."""
    if grant != GRANT:
        raise OAuthError("unsupported_grant_type")
    now = clock.now()
    with transaction.atomic(using=ALIAS):
        rows = DeviceSignIn.objects.select_for_update(of=("self",)).select_related(
            "person__project"
        )
        sign_in = rows.filter(digest=digest(device_code)).first()
        if sign_in is None:
            raise OAuthError("invalid_grant", "The device code is unknown.")
        if sign_in.expires_at <= now:
            raise OAuthError("expired_token")
        if sign_in.denied:
            raise OAuthError("access_denied")
        person = sign_in.person
        if person is None:
            raise OAuthError("authorization_pending")
        raw = f"{MEMBER}{secrets.token_urlsafe(32)}"
        token = Token.objects.create(
            project=person.project, person=person, digest=digest(raw), created_at=now
        )
        sign_in.delete()
    pinned = person.project if sign_in.project_id else None
    return {
        "access_token": raw,
        "token_type": BEARER,
        "credential_id": f"cred_{token.pk}",
        "project_id": str(pinned.pk) if pinned else None,
        "project_handle": pinned.handle if pinned else None,
    }


def waiting(user_code: str) -> DeviceSignIn | None:
    """One that nobody has decided on."""
    rows = DeviceSignIn.objects.filter(user_code=user_code.upper(), person=None, denied=False)
    return rows.filter(expires_at__gt=clock.now()).first()


def people(sign_in: DeviceSignIn) -> QuerySet[Person]:
    """Those who can approve it."""
    rows = Person.objects.order_by("name", "pk")
    return rows.filter(project=sign_in.project_id) if sign_in.project_id else rows


def decide(*, user_code: str, person: str | None) -> bool:
    """``person`` is the key of who approves, None denies. False if it is too late."""
    with transaction.atomic(using=ALIAS):
        sign_in = waiting(user_code)
        approver = None
        if sign_in is not None and person is not None:
            approver = people(sign_in).filter(pk=person).first() if person.isdecimal() else None
        if sign_in is None or (person is not None and approver is None):
            return False
        sign_in.person, sign_in.denied = approver, approver is None
        sign_in.save(update_fields=["person", "denied"])
    return True


def revoke(*, caller: Caller, credential_id: str) -> None:
    """Raises 404 for a credential that isn't the caller's own."""
    key = credential_id.removeprefix("cred_")
    rows = Token.objects.filter(
        person__project_id=caller.project_id, person__user_id=caller.user_id, revoked_at=None
    )
    if not key.isdecimal() or not rows.filter(pk=key).update(revoked_at=clock.now()):
        raise errors.not_found("The credential")
