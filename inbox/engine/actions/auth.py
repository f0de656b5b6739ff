import hashlib
from dataclasses import dataclass

from inbox.engine import clock
from inbox.engine.actions import rows
from inbox.engine.models import Project, Token
from inbox.engine.rules import errors


@dataclass(frozen=True)
class Caller:
    """``user_id`` is None for a service key."""

    project_id: int
    user_id: str | None
    name: str


def digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def authenticate(*, token: str | None, project: str | None) -> Caller:
    """Without a ``project``, its token names it. Raises 401 for a token that is not valid, 404 for
    an unknown project, 403 for another project.
    """
    if not token:
        raise errors.unauthorized("A bearer token is required.")
    bare, _, named = token.partition(".")
    row = rows.find(Token, joins=("project", "person"), digest=digest(bare))
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= clock.now()):
        raise errors.unauthorized("The token is unknown, revoked or expired.")
    if project is not None and row.project.handle != project:
        if "\0" in project or not Project.objects.filter(handle=project).exists():
            raise errors.not_found("The project")
        raise errors.forbidden("The token belongs to another project.")
    if named and named != row.project.handle:
        raise errors.forbidden(f"The token's suffix names the project {named}.")
    person = row.person
    if person is None:
        return Caller(row.project_id, None, "service key")
    return Caller(row.project_id, person.user_id, person.name)


def me(*, caller: Caller) -> dict[str, str]:
    """Raises 400 for a service key."""
    if caller.user_id is None:
        raise errors.bad_request("A service key doesn't belong to a person. Use a member token.")
    return {"user_id": caller.user_id, "name": caller.name}
