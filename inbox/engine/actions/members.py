"""Who people are."""

from inbox.engine.actions.auth import Caller
from inbox.engine.rules import errors


def me(*, caller: Caller) -> dict[str, str]:
    """The owner of the caller's member token. Raises 400 for a service key."""
    if caller.user_id is None:
        raise errors.bad_request("A service key is nobody: a member token is needed.")
    return {"user_id": caller.user_id, "name": caller.name}
